package dev.faithdiff.convert;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.SafeTensors;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The small model of the tests is what the converter makes. */
class MiniModelTest {
    private static final Path MINI = Path.of(System.getProperty("faithdiff.model"));

    @Test
    void holdsExactlyTheTensorsItsConfigurationNeeds() {
        Map<String, Shape> unet = new LinkedHashMap<>(KeyRules.unet(Settings.read(MINI.resolve("unet/config.json"))));
        unet.putAll(KeyRules.added(Settings.read(MINI.resolve("model.json")).getAsJsonObject("faithdiff")));
        Map<String, Shape> vae = KeyRules.vae(Settings.read(MINI.resolve("vae/config.json")));
        try (SafeTensors u = SafeTensors.open(MINI.resolve("unet/model.safetensors"));
                SafeTensors v = SafeTensors.open(MINI.resolve("vae/model.safetensors"))) {
            assertThat(u.entries().keySet()).hasSize(412).containsExactlyInAnyOrderElementsOf(unet.keySet());
            assertThat(v.entries().keySet()).hasSize(136).containsExactlyInAnyOrderElementsOf(vae.keySet());
            assertThat(u.entries().values()).allMatch(e -> e.dtype() == DType.F16);
        }
    }
}
