package dev.faithdiff.convert;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Released files of the RRDBNet family as model folders of their own kind. */
class RrdbNetTest {
    private static final Path FILES = Path.of(System.getProperty("fixtures.dir"), "rrdbnet");

    private static final RrdbNet NETWORK = new RrdbNet();

    @TempDir Path folder;

    @ParameterizedTest
    @CsvSource({"realesrgan_x4.pth, 4, 2, params_ema., 0", "realesrgan_x2.pth, 2, 1, params_ema., 2", "bsrnet_x4.pth, 4, 1, '', 0"})
    void becomesAFolderWithOneNaming(String name, int scale, int blocks, String wrapper, int dropped) throws IOException {
        Path model = folder.resolve("m");
        CommandLineRun run = CommandLineRun.of("convert", FILES.resolve(name), "-o", model);
        assertThat(run.err()).isEmpty();
        if (dropped > 0) assertThat(run.out()).contains(dropped + " tensors of another copy dropped");
        JsonObject json = Settings.read(model.resolve("model.json"));
        assertThat(json.toString()).isEqualTo("{\"format\":\"faithdiff-jvm\",\"version\":1,\"source\":\"" + name + "\",\"kind\":\"rrdbnet\",\"scale\":"
                + scale + ",\"features\":16,\"growth\":8,\"blocks\":" + blocks + ",\"in_channels\":3,\"out_channels\":3}");
        try (WeightFile source = WeightFile.open(FILES.resolve(name)); SafeTensors made = SafeTensors.open(model.resolve("generator"))) {
            assertThat(made.entries().keySet()).containsExactlyInAnyOrderElementsOf(NETWORK.keys(json).keySet());
            Map<String, Source> kept = NETWORK.modern(KeyNames.below(wrapper, source.tensors()));
            assertThat(kept.keySet()).isEqualTo(NETWORK.modern(KeyNames.unwrap(source.tensors())).keySet());
            for (SafeTensors.Entry e : made.entries().values()) {
                assertThat(e.data().toArray(ValueLayout.JAVA_BYTE)).as(e.name()).isEqualTo(TorchFileTest.bytes(kept.get(e.name())));
            }
        }
        assertThat(CommandLineRun.of("verify", model).code()).isZero();
        assertThat(CommandLineRun.of("inspect", FILES.resolve(name), "--short").out()).contains("an RRDBNet").contains("\"scale\":" + scale);
    }

    @Test
    void otherNetworksAreNamed() {
        CommandLineRun images = CommandLineRun.of("convert", FILES.resolve("realesrgan_x4_io.safetensors"), "-o", folder.resolve("m"));
        assertThat(images.err()).contains("of no known architecture");
    }
}
