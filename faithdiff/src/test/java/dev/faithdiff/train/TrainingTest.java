package dev.faithdiff.train;

import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonParser;
import dev.faithdiff.FaithDiff;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.Options;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.io.SafeTensorsError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole runs of a tiny model: they learn, they can be interrupted anywhere, and what they write restores photos. */
@Tag("full")
class TrainingTest {
    private static final String[] ALL = {TinyRun.stage("vae", 3, ", \"ema\": 0.9"),
        TinyRun.stage("lq", 3, ", \"begin\": [\"scale-latents\", \"encoder-from-autoencoder\"]"),
        TinyRun.stage("align", 2, ", \"begin\": [\"silent-alignment\"]"),
        TinyRun.stage("unified", 3, ", \"ema\": 0.9, \"emaEvery\": 2, \"accumulation\": 2, \"warmup\": 1"),
        TinyRun.stage("decoder", 2, ", \"schedule\": \"constant\"")};

    @TempDir private Path dir;
    private Path photos;

    @BeforeEach void photos() throws IOException { photos = TinyRun.photos(dir.resolve("photos"), 3); }

    private TinyRun.Watch train(RunFile run, Path out, boolean resume, long stopAt) {
        TinyRun.Watch watch = new TinyRun.Watch(stopAt);
        try (Training training = new Training(run, out, Device.CPU, resume, watch)) {
            watch.training = training;
            assertThat(training.run()).isEqualTo(stopAt > 0 ? Training.End.STOPPED : Training.End.DONE);
        }
        return watch;
    }

    @Test void someStepsLowerTheLoss() {
        RunFile run = TinyRun.run(photos, 100, 100, TinyRun.stage("vae", 40, ""), TinyRun.stage("lq", 40, ", \"begin\": [\"scale-latents\"]"),
                TinyRun.stage("unified", 120, ", \"encoderLearningRate\": 0.003"));
        List<Double> losses = train(run, dir.resolve("out"), false, 0).losses;
        assertThat(mean(losses, 35, 40)).as("autoencoder").isLessThan(0.75 * mean(losses, 0, 5));
        assertThat(mean(losses, 75, 80)).as("LQ encoder").isLessThan(0.75 * mean(losses, 40, 45));
        assertThat(mean(losses, 170, 200)).as("U-Net").isLessThan(0.93 * mean(losses, 80, 90));
    }

    private static double mean(List<Double> values, int from, int to) {
        return values.subList(from, to).stream().mapToDouble(v -> v).average().orElseThrow();
    }

    @Test void stoppedAndResumedRunsEndAlike() throws IOException {
        RunFile run = TinyRun.run(photos, 2, 5, ALL);
        Path straight = dir.resolve("straight"), resumed = dir.resolve("resumed");
        List<Double> losses = train(run, straight, false, 0).losses;
        for (int stop : new int[] {1, 2, 5, 9, 10, 12}) train(run, resumed, stop > 1, stop);
        TinyRun.Watch last = train(run, resumed, true, 0);
        assertThat(last.lines.getFirst()).contains("going on at step 12 of 13");
        assertThat(last.losses).isEqualTo(losses.subList(12, 13));
        assertSameOutcome(resumed, straight);
        assertThat(Files.readAllLines(resumed.resolve("log.jsonl"))).hasSize(13);
        assertThat(Files.readAllLines(resumed.resolve("quality.jsonl"))).hasSameSizeAs(Files.readAllLines(straight.resolve("quality.jsonl")));
    }

    private static void assertSameOutcome(Path actual, Path expected) throws IOException {
        var a = TinyRun.outcome(actual);
        var b = TinyRun.outcome(expected);
        assertThat(a.keySet()).isEqualTo(b.keySet()).contains("checkpoints/00000013.safetensors", "model/unet/model.safetensors");
        b.forEach((name, bytes) -> assertThat(a.get(name)).as(name).isEqualTo(bytes));
    }

    @Test void theResultRestoresPhotos() throws IOException {
        RunFile run = TinyRun.run(photos, 10, 3, ALL);
        Path out = dir.resolve("out");
        train(run, out, false, 0);
        assertThat(List.of("run.json", "loss.png", "quality.png", "validation/00000013.png", "model/vae/config.json"))
                .allMatch(f -> Files.exists(out.resolve(f)));
        assertThat(ImageFiles.read(out.resolve("loss.png")).width()).isEqualTo(900);
        try (FaithDiff faithDiff = FaithDiff.open(out.resolve("model"), Device.CPU)) {
            Image restored = faithDiff.restore(ImageFiles.read(photos.resolve("photo0.png")), Options.defaults().with(SCALE, 1.0).with(STEPS, 2));
            assertThat(restored.width()).isEqualTo(40);
        }
        RunFile further = RunFile.of(JsonParser.parseString(TinyRun.json(photos, 10, 10, TinyRun.stage("align", 1, ""))
                .replace("\"architecture\": \"" + TinyRun.architecture(), "\"start\": \"" + out.resolve("model"))).getAsJsonObject());
        train(further, dir.resolve("further"), false, 0);
        assertThat(dir.resolve("further/model/vae/model.safetensors")).hasSameBinaryContentAs(out.resolve("model/vae/model.safetensors"));
    }

    @Test void ablatedModelsTrainAndRestore() throws IOException {
        for (String ablation : List.of("no-alignment", "last-features")) {
            RunFile run = TinyRun.run(photos, 10, 10, TinyRun.stage("unified", 2, "")).withAblations(List.of(ablation));
            Path out = dir.resolve(ablation);
            train(run, out, false, 1);
            train(run, out, true, 0);
            try (FaithDiff faithDiff = FaithDiff.open(out.resolve("model"), Device.CPU)) {
                faithDiff.restore(ImageFiles.read(photos.resolve("photo0.png")), Options.defaults().with(SCALE, 1.0).with(STEPS, 2));
            }
        }
    }

    @Test void saysWhyItDoesNotStart() throws IOException {
        Path out = dir.resolve("out");
        RunFile run = TinyRun.run(photos, 1, 100, TinyRun.stage("vae", 3, ""));
        train(run, out, false, 2);
        assertThatThrownBy(() -> train(run, out, false, 0)).hasMessageContaining("--resume");
        assertThatThrownBy(() -> train(TinyRun.run(photos, 1, 100, TinyRun.stage("vae", 3, ", \"clip\": 2")), out, true, 0))
                .hasMessageContaining("'stages[0].clip'");
        try (RunFolder _ = new RunFolder(out)) {
            assertThatThrownBy(() -> train(run, out, true, 0)).hasMessageContaining("another process");
        }
        train(TinyRun.run(photos, 1, 100, TinyRun.stage("vae", 3, ""), TinyRun.stage("lq", 1, "")), out, true, 0);
        assertThatThrownBy(() -> train(TinyRun.run(photos, 1, 100, TinyRun.stage("vae", 3, ", \"crops\": [64]")), dir.resolve("small"), false, 0))
                .hasMessageContaining("smaller than the crop of 64");
    }

    @Test void aCheckpointThatCannotBeWrittenLeavesTheOneBefore() throws IOException {
        Path out = dir.resolve("out"), blocked = out.resolve("checkpoints/00000002.safetensors");
        Files.createDirectories(blocked.resolve("in the way"));
        RunFile run = TinyRun.run(photos, 1, 100, TinyRun.stage("vae", 3, ""));
        assertThatThrownBy(() -> train(run, out, true, 0)).isInstanceOf(SafeTensorsError.class).hasMessageContaining("00000002");
        Files.delete(blocked.resolve("in the way"));
        Files.delete(blocked);
        assertThat(train(run, out, true, 0).lines.getFirst()).contains("step 1 of 3");
    }

    @Test void crops() {
        Stage stage = TinyRun.run(photos, 1, 1, TinyRun.stage("vae", 9, "").replace("[16]", "[16, 24, 32]")).stages().getFirst();
        assertThat(IntStream.range(0, 9).map(stage::crop)).containsExactly(16, 16, 16, 24, 24, 24, 32, 32, 32);
    }
}
