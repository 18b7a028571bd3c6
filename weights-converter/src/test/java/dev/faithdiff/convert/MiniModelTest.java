package dev.faithdiff.convert;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.io.SafeTensors;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The model that comes with the project is what the converter makes. */
class MiniModelTest {
    private static final Path MINI = Path.of(System.getProperty("faithdiff.home"), "models/faithdiff-mini");

    @Test
    void holdsExactlyTheTensorsItsConfigurationNeeds() {
        Set<String> unet = new LinkedHashSet<>(KeyRules.unet(SourceFolder.json(MINI.resolve("unet/config.json"))));
        unet.addAll(KeyRules.added(SourceFolder.json(MINI.resolve("model.json")).getAsJsonObject("faithdiff")));
        Set<String> vae = KeyRules.vae(SourceFolder.json(MINI.resolve("vae/config.json")));
        try (SafeTensors u = SafeTensors.open(MINI.resolve("unet/model.safetensors"));
                SafeTensors v = SafeTensors.open(MINI.resolve("vae/model.safetensors"))) {
            assertThat(u.entries().keySet()).hasSize(412).containsExactlyInAnyOrderElementsOf(unet);
            assertThat(v.entries().keySet()).hasSize(136).containsExactlyInAnyOrderElementsOf(vae);
            assertThat(u.entries().values()).allMatch(e -> e.dtype() == DType.F16);
        }
    }
}
