package dev.faithdiff.convert;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.faithdiff.KeyLists;
import dev.faithdiff.tensor.Shape;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The full-size models against their stored key lists and published numbers of parameters. */
class KeyListsTest {
    private static long values(Map<String, Shape> shapes, String start) {
        return shapes.entrySet().stream().filter(e -> e.getKey().startsWith(start)).mapToLong(e -> e.getValue().count()).sum();
    }

    @ParameterizedTest
    @CsvSource({"unet, 1680, 2567463684", "vae, 248, 83653863", "text_encoder, 196, 123060480", "text_encoder_2, 517, 694659840"})
    void sdxlIsAsLargeAsPublished(String part, int tensors, long parameters) {
        JsonObject config = Published.sdxl.config(part);
        Map<String, Shape> shapes = part.equals("unet") ? KeyRules.unet(config) : part.equals("vae") ? KeyRules.vae(config) : KeyRules.text(config);
        assertThat(shapes).hasSize(tensors).containsExactlyInAnyOrderEntriesOf(KeyLists.of(part));
        assertThat(values(shapes, "")).isEqualTo(parameters);
    }

    @Test
    void faithDiffAddsWhatIsPublished() {
        Map<String, Shape> shapes = KeyRules.added(Published.sdxl.config("faithdiff"));
        assertThat(shapes).containsExactlyInAnyOrderEntriesOf(KeyLists.of("faithdiff"));
        assertThat(values(shapes, "denoise_encoder.")).isEqualTo(34_125_696);
        assertThat(values(shapes, "condition_embedding.")).isEqualTo(3_835_712);
        assertThat(values(shapes, "information_transformer_layes.")).isEqualTo(6_567_680);
        assertThat(values(shapes, "spatial_ch_projs.")).isEqualTo(205_120);
    }
}
