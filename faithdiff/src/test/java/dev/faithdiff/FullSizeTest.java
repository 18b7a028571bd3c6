package dev.faithdiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.model.Config;
import dev.faithdiff.networks.align.AlignConfig;
import dev.faithdiff.networks.align.AlignedUNet;
import dev.faithdiff.networks.clip.ClipConfig;
import dev.faithdiff.networks.clip.ClipTextEncoder;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.networks.vae.VaeConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.nn.WeightsError;
import dev.faithdiff.tensor.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The full-size models take exactly the tensors of the released files; no weight is allocated. */
class FullSizeTest {
    @TempDir Path folder;

    /** A published configuration, which comes with the converter. */
    private Config config(String part) throws IOException {
        Path file = folder.resolve(part + ".json");
        try (InputStream in = getClass().getResourceAsStream("/dev/faithdiff/convert/sdxl/" + part + ".json")) {
            Files.write(file, in.readAllBytes());
        }
        return Config.read(file);
    }

    private static Map<String, Shape> unetKeys() {
        Map<String, Shape> keys = new LinkedHashMap<>(KeyLists.of("unet"));
        keys.putAll(KeyLists.of("faithdiff"));
        return keys;
    }

    private AlignedUNet unet(Weights w) throws IOException {
        return new AlignedUNet(w, UNetConfig.of(config("unet")), AlignConfig.of(config("faithdiff")));
    }

    @Test
    void unetTakesTheReleasedKeys() throws IOException {
        try (Weights w = Weights.shapes("FaithDiff.bin", unetKeys())) {
            unet(w);
            assertThat(w.done().parameters("")).hasSize(1814);
        }
    }

    @Test
    void vaeTakesTheReleasedKeys() throws IOException {
        try (Weights w = Weights.shapes("sdxl-vae-fp16-fix", KeyLists.of("vae"))) {
            new Vae(w, VaeConfig.of(config("vae")));
            assertThat(w.done().parameters("")).hasSize(248);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"text_encoder", "text_encoder_2"})
    void textEncodersTakeTheReleasedKeys(String part) throws IOException {
        try (Weights w = Weights.shapes(part, KeyLists.of(part))) {
            new ClipTextEncoder(w, ClipConfig.of(config(part)));
            assertThat(w.done().parameters("")).hasSize(KeyLists.of(part).size());
        }
    }

    @Test
    void whatDoesNotFitIsNamed() throws IOException {
        Map<String, Shape> keys = unetKeys();
        keys.remove("conv_in.bias");
        keys.put("spatial_ch_projs.weight", Shape.of(320, 320));
        keys.put("agg_net.0.weight", Shape.of(1));
        try (Weights w = Weights.shapes("FaithDiff.bin", keys)) {
            unet(w);
            assertThatThrownBy(w::done).isInstanceOf(WeightsError.class).hasMessageContaining("conv_in.bias").hasMessageContaining("is missing")
                    .hasMessageContaining("spatial_ch_projs.weight is [320, 320]").hasMessageContaining("agg_net.0.weight");
        }
    }
}
