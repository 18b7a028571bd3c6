package dev.faithdiff.restore.diffusion;

import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE_PROMPTS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.restore.Options;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which texts ask for a captioner, and what becomes of its answers. */
class AutoPromptTest {
    private static final Options NONE = Options.defaults(), BOTH = NONE.with(PROMPT, "auto:tags").with(TILE_PROMPTS, "auto");

    @Test void promptsOfTilesCountInsteadOfThePrompt() {
        assertThat(AutoPrompt.of(NONE.with(PROMPT, "automatic").with(TILE_PROMPTS, "a|auto"))).isNull();
        assertThat(AutoPrompt.of(BOTH)).isEqualTo(new AutoPrompt(TILE_PROMPTS, null));
        assertThat(AutoPrompt.of(BOTH.with(TILE_PROMPTS, "a"))).isEqualTo(new AutoPrompt(PROMPT, "tags"));
        assertThat(AutoPrompt.without(BOTH)).isEqualTo(NONE);
        assertThatThrownBy(() -> AutoPrompt.ofTiles(BOTH))
                .hasMessage("the tile-prompts 'auto' needs a captioner, which only 'faithdiff restore' asks");
    }

    @Test void aTextStaysOneText() {
        String text = AutoPrompt.of(BOTH).text(List.of("a cup | saucer", "", "tea"));
        assertThat(AutoPrompt.ofTiles(NONE.with(TILE_PROMPTS, text))).containsExactly("a cup   saucer", "", "tea");
        assertThat(AutoPrompt.ofTiles(NONE.with(TILE_PROMPTS, AutoPrompt.of(BOTH).text(List.of(""))))).containsExactly("");
        assertThat(AutoPrompt.of(PROMPT, "auto").text(List.of("a | b"))).isEqualTo("a | b");
    }
}
