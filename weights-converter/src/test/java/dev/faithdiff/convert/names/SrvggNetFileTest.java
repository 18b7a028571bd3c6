package dev.faithdiff.convert.names;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.CommandLineRun;
import dev.faithdiff.Fixtures;
import dev.faithdiff.convert.Main;
import dev.faithdiff.convert.TinyCheckpoint;
import dev.faithdiff.convert.file.Views;
import dev.faithdiff.convert.system.NeededTensors;
import dev.faithdiff.convert.system.WeightFile;
import dev.faithdiff.model.Config;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file of SRVGGNetCompact as a model folder of its own kind. */
class SrvggNetFileTest {
    private static final Path FILE = Fixtures.path("rrdbnet/srvgg_x4.pth");

    @TempDir Path folder;

    @Test
    void becomesAFolder() throws IOException {
        Path model = folder.resolve("m");
        CommandLineRun run = CommandLineRun.of(Main::run, "convert", FILE, "-o", model);
        assertThat(run.err()).isEmpty();
        Config json = Config.read(model.resolve("model.json"));
        try (WeightFile source = WeightFile.open(FILE); SafeTensors made = SafeTensors.open(model.resolve("generator"))) {
            Map<String, Source> all = KeyNames.unwrap(source.tensors());
            int features = all.get("body.0.weight").shape().size(0);
            long convolutions = all.values().stream().filter(t -> t.shape().rank() == 4).count() - 2; // without the first and the last
            long parameters = all.values().stream().mapToLong(t -> t.shape().count()).sum();
            assertThat(json.json().toString())
                    .isEqualTo("{\"format\":\"faithdiff-jvm\",\"version\":1,\"source\":\"srvgg_x4.pth\",\"kind\":\"srvggnetcompact\","
                    + "\"scale\":4,\"features\":" + features + ",\"convolutions\":" + convolutions + ",\"in_channels\":3,\"out_channels\":3}");
            assertThat(CommandLineRun.of(Main::run, "inspect", FILE, "--short").out()).contains("an SRVGGNetCompact")
                    .contains(", scale 4, features " + features + ", convolutions " + convolutions + ", in channels 3, out channels 3, " + parameters
                            + " parameters");
            assertThat(made.entries().keySet()).isEqualTo(all.keySet()).isEqualTo(NeededTensors.generator(new SrvggNetFile(), json).keySet());
            for (SafeTensors.Entry e : made.entries().values()) {
                assertThat(e.data().toArray(ValueLayout.JAVA_BYTE)).as(e.name()).isEqualTo(TinyCheckpoint.bytes(all.get(e.name())));
            }
        }
        assertThat(CommandLineRun.of(Main::run, "verify", model).code()).isZero();
    }

    /** Released files hold {@code params} or {@code params_ema}; a bare state dict is the same network. */
    @Test
    void allWrappersAreTheSame() throws IOException {
        List<Path> models = new ArrayList<>();
        for (String wrapper : List.of("", "params.", "params_ema.")) {
            Path file = folder.resolve(wrapper + "w.safetensors"), model = folder.resolve("m" + wrapper);
            try (WeightFile source = WeightFile.open(FILE)) {
                SafeTensors.write(file, KeyNames.unwrap(source.tensors()).values().stream().map(t -> Views.renamed(t, wrapper + t.name()))
                        .toList(), Map.of());
            }
            assertThat(CommandLineRun.of(Main::run, "convert", file, "-o", model).err()).isEmpty();
            models.add(model.resolve("generator/model.safetensors"));
        }
        assertThat(models.get(1)).hasSameBinaryContentAs(models.get(0));
        assertThat(models.get(2)).hasSameBinaryContentAs(models.get(0));
    }
}
