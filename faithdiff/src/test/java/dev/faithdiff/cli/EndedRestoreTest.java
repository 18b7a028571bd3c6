package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.tensor.io.SafeTensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real processes that are ended in the middle of a restoration: what is on disk is whole, and going on gives the same bytes. */
@Tag("process")
class EndedRestoreTest {
    private static final int STEPS = 120;

    @TempDir Path dir;

    private Path in, out, state;

    @BeforeEach void photo() {
        byte[] rgb = new byte[3 * 40 * 32];
        new Random(7).nextBytes(rgb);
        in = dir.resolve("in.png");
        out = dir.resolve("out.png");
        state = dir.resolve("out.png.resume");
        ImageFiles.write(Image.of(40, 32, rgb), in);
    }

    private List<String> restore(Path to, String... more) {
        List<String> line = new ArrayList<>(List.of("restore", in.toString(), "-o", to.toString(), "--scale", "2", "--steps", "" + STEPS,
                "--sampler", "euler-ancestral", "--tile", "64", "-q"));
        line.addAll(Arrays.asList(more));
        return line;
    }

    private Process child() throws IOException {
        List<String> line = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--add-modules",
                "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-Djava.awt.headless=true",
                "-Dfaithdiff.home=" + System.getProperty("faithdiff.home"),
                "-Dfaithdiff.model=" + System.getProperty("faithdiff.model"), "-cp", System.getProperty("java.class.path"),
                "dev.faithdiff.cli.Main"));
        line.addAll(restore(out, "--resume"));
        return new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(dir.resolve("child.log").toFile()).start();
    }

    /** Returns when the child has taken some steps. */
    private void awaitSteps(Process child) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
        while (!Files.exists(state) || step() < 5) {
            assertThat(child.isAlive()).as("the child still runs: " + Files.readString(dir.resolve("child.log"))).isTrue();
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.sleep(20);
        }
    }

    private int step() {
        try (SafeTensors file = SafeTensors.open(state)) {
            return Integer.parseInt(file.metadata().get("step"));
        }
    }

    @Test void killedAndResumed() throws Exception {
        Process child = child();
        awaitSteps(child);
        child.destroyForcibly().waitFor();
        assertThat(child.exitValue()).as("killed").isEqualTo(128 + 9);
        assertThat(out).doesNotExist();
        assertThat(step()).as("steps that were saved").isBetween(5, STEPS - 1);

        Path whole = dir.resolve("whole.png");
        assertThat(Main.run(restore(whole).toArray(String[]::new))).isZero();
        assertThat(Main.run(restore(out, "--resume").toArray(String[]::new))).isZero();
        assertThat(Files.readAllBytes(out)).isEqualTo(Files.readAllBytes(whole));
        assertThat(state).doesNotExist();
    }

    /** The system asks the process to end, which runs the same hooks as Ctrl-C. */
    @Test void interruptedTidiesUp() throws Exception {
        Process child = child();
        awaitSteps(child);
        child.destroy();
        assertThat(child.waitFor(30, TimeUnit.SECONDS)).as("ended within a step").isTrue();
        assertThat(out).doesNotExist();
        try (Stream<Path> files = Files.list(dir)) {
            assertThat(files.map(f -> f.getFileName().toString())).containsExactlyInAnyOrder("in.png", "out.png.resume", "child.log");
        }
        assertThat(step()).isLessThan(STEPS);
        assertThat(Files.readAllLines(dir.resolve("child.log"))).filteredOn(l -> !l.startsWith("WARNING: Using incubator"))
                .containsExactly("faithdiff: stopped; the same command resumes from " + state);
    }
}
