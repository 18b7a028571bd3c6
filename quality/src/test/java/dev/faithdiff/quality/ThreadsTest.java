package dev.faithdiff.quality;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Image;
import dev.faithdiff.quality.InceptionFeatures.Resizing;
import dev.faithdiff.quality.ocr.TextReader;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Engine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Measures of networks give the same bits on one thread and on two, each in a process of its own. MeasuresTest has those without weights. */
@Tag("process") @Tag("full")
class ThreadsTest {
    /** Small random networks in released layouts. */
    private static final Map<String, List<String>> NETWORKS = new TreeMap<>(Map.of("lpips-alex", List.of("metrics/lpips_alex"),
            "lpips-vgg", List.of("metrics/lpips_vgg"), "dists", List.of("iqa/dists/weights"), "alignment", List.of("iqa/clipiqa/vit"),
            "musiq", List.of("iqa/musiq/weights"), "clipiqa+_rn50_512", List.of("iqa/clipiqa/rn50", "iqa/clipiqa/prompts_rn50_512"),
            "clipiqa+_vitL14_512", List.of("iqa/clipiqa/vit", "iqa/clipiqa/prompts_vitL14_512"), "maniqa-pipal", List.of("iqa/maniqa/weights"),
            "paq2piq", List.of("iqa/paq2piq/weights"), "inception", List.of("inception/weights")));

    @Test void doNotChangeValues(@TempDir Path folder) throws Exception {
        for (var network : NETWORKS.entrySet()) {
            ConvertedMeasure.into(folder.resolve(network.getKey()), network.getKey(), settings(network.getKey()),
                    network.getValue().stream().map(f -> Fixtures.path(f + ".safetensors")).toArray(Path[]::new));
        }
        List<String> one = run(1, folder);
        assertThat(one).as("alignment has two forms").hasSize(NETWORKS.size() + 1).noneMatch(l -> l.endsWith("NaN"));
        assertThat(run(2, folder)).isEqualTo(one);
    }

    private static JsonObject settings(String kind) {
        return switch (kind) {
            case "musiq" -> NetworkMeasureTest.heads(Fixtures.json("iqa/musiq/musiq.json").getAsJsonObject("config").get("num_heads").getAsInt());
            case "maniqa-pipal" -> NetworkMeasureTest.heads(Fixtures.json("iqa/maniqa/maniqa.json").getAsJsonObject("config").get("vit_heads")
                    .getAsInt());
            case "clipiqa+_rn50_512", "clipiqa+_vitL14_512" -> NetworkMeasureTest.prompts(true);
            default -> null;
        };
    }

    private static List<String> run(int threads, Path folder) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of("--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-cp",
                System.getProperty("java.class.path")));
        command.add("-Dfaithdiff.threads=" + threads);
        for (String known : List.of("faithdiff.home", "fixtures.dir")) {
            if (System.getProperty(known) != null) command.add("-D" + known + "=" + System.getProperty(known));
        }
        command.addAll(List.of(ThreadsTest.class.getName(), folder.toString()));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        List<String> lines = process.inputReader().readAllLines();
        assertThat(process.waitFor()).as(threads + " threads").isZero();
        return lines;
    }

    /** Prints each measure of a blurred photo, and of what Inception sees. */
    public static void main(String[] args) {
        Path networks = Path.of(args[0]);
        Image photo = ClassicTest.image("photo").crop(0, 0, 193, 192), blur = ClassicTest.image("blur").crop(0, 0, 193, 192);
        Measures.Setup setup = new Measures.Setup(Pristine.published(), new TextReader("no-such-program"), null, networks, Device.CPU);
        Engine.exactly(() -> {
            for (Measures.Entry e : Measures.all(setup)) {
                if (e.missing() != null || !(e.measure() instanceof NetworkMeasure)) continue;
                double value = e.measure().of(blur, photo);
                System.out.println(e.measure().name() + " " + value);
            }
            try (InceptionFeatures features = InceptionFeatures.open(networks.resolve("inception"), Resizing.CLEAN, Device.CPU)) {
                double sum = 0;
                for (double f : features.of(blur)) sum += f;
                System.out.println("inception " + sum);
            }
            return null;
        });
    }
}
