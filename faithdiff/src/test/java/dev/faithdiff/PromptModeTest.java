package dev.faithdiff;

import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.CommonOptions.LONG_SIDE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SIZE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT_MODE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.SAMPLER;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.Image;
import dev.faithdiff.restore.Guard;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.diffusion.PromptMode;
import dev.faithdiff.restore.diffusion.Samplers;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Long prompts, sizes and numbers of steps of a model that reads text, and prompts for one that does not. */
@Tag("full")
class PromptModeTest {
    private static final Options OPTIONS = Options.defaults().with(SCALE, 1.0).with(STEPS, 2).with(GUARD, Guard.OFF);
    private static final String FIT = "a ".repeat(74) + "b", LONG = FIT + " c d e";

    private static FaithDiff faithDiff;
    private static Image photo;

    @BeforeAll static void open() {
        byte[] rgb = new byte[3 * 16 * 24];
        new Random(3).nextBytes(rgb);
        photo = Image.of(16, 24, rgb);
        faithDiff = FaithDiff.open(TinyModel.folder(), Device.CPU);
    }

    @AfterAll static void close() { faithDiff.close(); }

    private static Image restored(Options o, List<String> warnings) {
        return faithDiff.restore(photo, o, new Listener() {
            @Override public void at(String stage, int step, int steps) {}

            @Override public void warn(String line) { warnings.add(line); }
        });
    }

    @Test void windowsReadAllAndCutSaysWhatItLeavesOut() {
        List<String> warnings = new ArrayList<>();
        Image all = restored(OPTIONS.with(PROMPT, LONG), warnings), fit = restored(OPTIONS.with(PROMPT, FIT), warnings);
        assertThat(warnings).isEmpty();
        Image cut = restored(OPTIONS.with(PROMPT, LONG).with(PROMPT_MODE, PromptMode.CUT), warnings);
        assertThat(cut).isEqualTo(fit).isNotEqualTo(all);
        assertThat(warnings).containsExactly("the model reads 75 tokens of a prompt, so 3 words are cut off: 'c d e'; the prompt mode 'windows' "
                + "reads them, too");
    }

    /** The negative prompt has as many windows as the prompt, and the other way round. */
    @Test void theLongerOfTwoPromptsCounts() {
        List<String> warnings = new ArrayList<>();
        Options guided = OPTIONS.with(GUIDANCE, 3.0);
        Image none = restored(guided.with(PROMPT, LONG).with(NEGATIVE, null), warnings);
        assertThat(restored(guided.with(PROMPT, LONG).with(NEGATIVE, "blurry"), warnings)).isNotEqualTo(none);
        Image both = restored(guided.with(PROMPT, FIT).with(NEGATIVE, LONG), warnings);
        assertThat(both).isNotEqualTo(restored(guided.with(PROMPT, FIT).with(NEGATIVE, LONG).with(PROMPT_MODE, PromptMode.CUT), warnings));
        assertThat(warnings).hasSize(1);
        restored(OPTIONS.with(GUIDANCE, 1.0).with(NEGATIVE, LONG).with(PROMPT_MODE, PromptMode.CUT), warnings);
        assertThat(warnings).as("without guidance the negative prompt is not read").hasSize(1);
    }

    @Test void anySizeIsMade() {
        assertThat(restored(OPTIONS.with(SCALE, 1.5), new ArrayList<>()).toString()).isEqualTo("Image 24x36");
        assertThat(restored(OPTIONS.with(SCALE, 4.0).with(SIZE, "100x31"), new ArrayList<>()).toString()).isEqualTo("Image 21x31");
        assertThat(restored(OPTIONS.with(SCALE, 4.0).with(LONG_SIDE, 20), new ArrayList<>()).toString()).isEqualTo("Image 13x20");
        assertThatThrownBy(() -> faithDiff.check(OPTIONS.with(SIZE, "100x31"))).hasMessageContaining("scale, size and long-side exclude each other");
    }

    @Test void stepsThatASamplerCannotTakeAreRefusedBeforeTheRun() {
        assertThatThrownBy(() -> faithDiff.check(OPTIONS.with(STEPS, 1).with(SAMPLER, Samplers.EULER)))
                .hasMessage("the sampler euler needs at least 2 steps with this model's timesteps: a single one would be at timestep 1 of "
                        + "1000, where there is hardly any noise to remove");
        assertThatThrownBy(() -> faithDiff.check(OPTIONS.with(STEPS, 999).with(SAMPLER, Samplers.DPMPP_2M)))
                .hasMessage("this sampler takes at most 998 steps with this model's timesteps, not 999");
        faithDiff.check(OPTIONS.with(STEPS, 1).with(SAMPLER, Samplers.UNIPC));
        faithDiff.check(OPTIONS.with(STEPS, 1000).with(SAMPLER, Samplers.EULER));
    }

    @Test void aModelWithoutTextRefusesPrompts() {
        try (Restorer bundled = Restorers.open(Path.of(System.getProperty("faithdiff.home"), "models/faithdiff-mini"), Device.CPU)) {
            Options o = bundled.defaults().with(PROMPT, "a cat").with(GUIDANCE, 7.0);
            assertThatThrownBy(() -> bundled.check(o)).hasMessage("this model has no guidance, prompt; leave it out");
            assertThat(bundled.options()).doesNotContain(PROMPT, NEGATIVE, GUIDANCE, PROMPT_MODE).contains(SCALE, STEPS);
        }
    }
}
