package dev.faithdiff.convert.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.model.Config;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.SafeTensors;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The small model of the tests is what the converter makes. */
class MiniModelTest {
    private static final Path MINI = Path.of(System.getProperty("faithdiff.model"));

    @Test
    void holdsExactlyTheTensorsItsConfigurationNeeds() {
        Config added = Config.read(MINI.resolve("model.json")).at("faithdiff");
        Map<String, Shape> unet = NeededTensors.alignedUnet(Config.read(MINI.resolve("unet/config.json")), added);
        Map<String, Shape> vae = NeededTensors.vae(Config.read(MINI.resolve("vae/config.json")));
        try (SafeTensors u = SafeTensors.open(MINI.resolve("unet/model.safetensors"));
                SafeTensors v = SafeTensors.open(MINI.resolve("vae/model.safetensors"))) {
            assertThat(u.entries().keySet()).hasSize(408).containsExactlyInAnyOrderElementsOf(unet.keySet());
            assertThat(v.entries().keySet()).hasSize(132).containsExactlyInAnyOrderElementsOf(vae.keySet());
            assertThat(u.entries().values()).allMatch(e -> e.dtype() == DType.F16);
        }
    }
}
