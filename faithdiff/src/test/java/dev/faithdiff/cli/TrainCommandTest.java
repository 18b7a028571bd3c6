package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.CommandLineRun;
import dev.faithdiff.train.TinyRun;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code faithdiff train}: its errors, and its process killed and interrupted. */
@Tag("full")
class TrainCommandTest {
    private static final int STEPS = 6;

    @TempDir private Path dir;
    private Path photos, run;

    @BeforeEach void run() throws IOException {
        photos = TinyRun.photos(dir.resolve("photos"), 2);
        run = Files.writeString(dir.resolve("run.json"), TinyRun.json(photos, 1, 4, TinyRun.stage("vae", 3, ", \"ema\": 0.9"),
                TinyRun.stage("unified", 3, ", \"ema\": 0.5, \"begin\": [\"scale-latents\"]")));
    }

    private static CommandLineRun run(Object... args) { return CommandLineRun.of(Main::run, args); }

    private static void fails(int code, String says, Object... args) { run(args).assertFailed(code, says); }

    @Test void saysWhatIsWrong() throws IOException {
        Path out = dir.resolve("out"), bad = Files.writeString(dir.resolve("bad.json"), Files.readString(run).replace("\"batch\"", "\"bunch\""));
        fails(2, "Missing required option", "train", run);
        fails(2, "--steps must be at least 1", "train", run, "-o", out, "--steps", 0);
        fails(2, "no op 'soup'", "train", run, "-o", out, "--kernel", "soup=x");
        fails(1, "there is no such file", "train", dir.resolve("none.json"), "-o", out);
        fails(1, "'stages[0].bunch' is no setting", "train", bad, "-o", out);
        fails(1, "there is no such folder", "train", run, "-o", out, "--data", dir.resolve("none"));
        fails(1, "tpu", "train", run, "-o", out, "--device", "tpu");
        Path latin = Files.write(dir.resolve("latin.json"), "{\"\u00e9\": 1}".getBytes(StandardCharsets.ISO_8859_1));
        fails(1, "cannot read " + latin + ": it is not UTF-8", "train", latin, "-o", out);
        assertThat(out).doesNotExist();
        fails(1, "cannot write " + run + ": Not a directory", "train", run, "-o", run);
    }

    @Test void triesARunOut() throws IOException {
        Path out = dir.resolve("out");
        assertThat(run("train", run, "-o", out, "--steps", 1, "-q")).isEqualTo(CommandLineRun.SILENT);
        assertThat(Files.readAllLines(out.resolve("log.jsonl"))).hasSize(2);
        fails(1, "holds a run already", "train", run, "-o", out, "--steps", 1);
        assertThat(run("train", run, "-o", out, "--steps", 1, "--resume").err()).contains("going on at step 2 of 2");
    }

    @Tag("process") @Test void killedAtAnyMomentItGoesOnBitForBit() throws Exception {
        Path straight = dir.resolve("straight"), killed = dir.resolve("killed");
        assertThat(run("train", run, "-o", straight, "-q").code()).isZero();
        for (int lines : new int[] {1, 2, 5}) {
            Process process = process(killed);
            await(process, killed, lines);
            process.destroyForcibly().waitFor();
        }
        assertThat(run("train", run, "-o", killed, "--resume", "-q")).isEqualTo(CommandLineRun.SILENT);
        var expected = TinyRun.outcome(straight);
        var actual = TinyRun.outcome(killed);
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, bytes) -> assertThat(actual.get(name)).as(name).isEqualTo(bytes));
        assertThat(Files.readAllLines(killed.resolve("log.jsonl"))).hasSize(STEPS);
    }

    @Tag("process") @Test void aSignalSavesAndEnds() throws Exception {
        Path stopped = dir.resolve("stopped");
        String endless = Files.readString(run).replace("\"steps\": 3", "\"steps\": 100000").replace("\"saveEvery\": 1", "\"saveEvery\": 100000");
        Files.writeString(run, endless);
        Process process = process(stopped);
        await(process, stopped, 2);
        process.destroy();
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as("a JVM that SIGTERM ended").isEqualTo(143);
        int steps = Files.readAllLines(stopped.resolve("log.jsonl")).size();
        assertThat(stopped.resolve("checkpoints/%08d.safetensors".formatted(steps))).exists();
        assertThat(Files.readString(dir.resolve("err.txt"))).contains("stopped and saved; go on with --resume");
    }

    private Process process(Path out) throws IOException {
        String classes = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--add-modules",
                "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-Djava.awt.headless=true", "-cp", classes, Main.class.getName()));
        Stream.of("train", run, "-o", out, "--resume").map(Object::toString).forEach(command::add);
        return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(dir.resolve("err.txt").toFile()).start();
    }

    /** Waits until the log has so many lines. */
    private void await(Process process, Path out, int lines) throws Exception {
        Path log = out.resolve("log.jsonl");
        for (int i = 0; i < 12_000; i++) {
            if (Files.exists(log) && Files.readAllLines(log).size() >= lines) return;
            assertThat(process.isAlive()).as(Files.readString(dir.resolve("err.txt"))).isTrue();
            Thread.sleep(5);
        }
        throw new AssertionError("no step in a minute");
    }
}
