package dev.faithdiff.convert.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.unet.UNetConfig;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A published configuration is read as it is meant, or refused. */
class UNetConfigTest {
    /** SDXL's published configuration with one setting in another way. */
    private UNetConfig sdxl(String key, String value) {
        JsonObject json = Published.sdxl.config("unet").json();
        json.add(key, JsonParser.parseString(value));
        return UNetConfig.of(Config.of(Path.of("config.json"), json.toString()));
    }

    @Test void sdxlIsTheConstant() {
        assertThat(sdxl("sample_size", "128")).usingRecursiveComparison().isEqualTo(UNetConfig.SDXL);
    }

    @Test void withoutAddedEmbeddings() {
        assertThat(sdxl("addition_embed_type", "null").time()).isEqualTo(new UNetConfig.Time(1280, 0, 0));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', value = {
        "down_block_types | ['DownBlock2D', 'AttnDownBlock2D', 'DownBlock2D'] | must be a list of DownBlock2D and CrossAttnDownBlock2D",
        "down_block_types | ['DownBlock2D', 'CrossAttnDownBlock2D'] | must be a list of 3",
        "up_block_types | ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'] | must be the types of 'down_block_types' in reverse order",
        "class_embed_type | 'timestep' | must be 'null' (this model has 'timestep')",
        "time_cond_proj_dim | 256 | must be 'null' (this model has '256')",
        "addition_embed_type | 'image' | must be 'text_time'",
        "resnet_time_scale_shift | 'scale_shift' | must be 'default'",
        "act_fn | 'gelu' | must be 'silu'"})
    void refusesWhatItDoesNotKnow(String key, String value, String message) {
        assertThatThrownBy(() -> sdxl(key, value.replace('\'', '"'))).hasMessageContaining("'" + key + "'").hasMessageContaining(message);
    }
}
