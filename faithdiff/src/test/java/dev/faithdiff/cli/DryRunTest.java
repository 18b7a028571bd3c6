package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.CommandLineRun;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The forecast at the command line. */
class DryRunTest {
    @TempDir Path dir;

    private Path photo(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        new Random(width).nextBytes(rgb);
        Path file = dir.resolve("photo-" + width + "x" + height + ".png");
        ImageFiles.write(Image.of(width, height, rgb), file);
        return file;
    }

    @Test void printsATableAndRestoresNothing() throws IOException {
        Path photo = photo(48, 32), out = dir.resolve("out.png");
        CommandLineRun run = CommandLineRun.of(Main::run, "restore", photo, "-o", out, "--steps", 2, "--scale", 2, "--dry-run");
        assertThat(run.code()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).contains(" that this process may hold", "| stage ", "| encode ", "| denoise ", "| decode ", "| all ");
        assertThat(files()).containsExactly(photo);
    }

    @Test void printsALineForEachOfManyPhotos() throws IOException {
        Path a = photo(24, 16), b = photo(16, 24);
        CommandLineRun run = CommandLineRun.of(Main::run, "restore", a, b, "-o", dir.resolve("out"), "--steps", 1, "--scale", 1, "--dry-run");
        assertThat(run.out().lines().filter(l -> l.contains("needs"))).hasSize(2);
        assertThat(files()).containsExactlyInAnyOrder(a, b);
    }

    @Test void saysWhatIsWrongWithOptions() {
        CommandLineRun run = CommandLineRun.of(Main::run, "restore", photo(24, 16), "-o", dir.resolve("out.png"), "--dry-run", "--start", "photo");
        run.assertFailed(1, "start");
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.list(dir)) {
            return all.toList();
        }
    }

    /** A heap that the images do not fit into. */
    @Tag("process")
    @Test void refusesWhatTheHeapCannotHold() throws Exception {
        Path log = dir.resolve("log"), out = dir.resolve("out.png");
        List<String> line = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin/java").toString(), "-Xmx40m", "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1", "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
                "-Dfaithdiff.rates=" + dir.resolve("rates"), "-Dfaithdiff.home=" + System.getProperty("faithdiff.home"),
                "-Dfaithdiff.model=" + System.getProperty("faithdiff.model"), "-cp", System.getProperty("java.class.path"), "dev.faithdiff.cli.Main",
                "restore", photo(600, 500).toString(), "-o", out.toString(), "--steps", "1", "--scale", "4", "--device", "cpu"));
        Process p = new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        assertThat(p.waitFor()).isEqualTo(1);
        assertThat(Files.readAllLines(log)).filteredOn(l -> l.startsWith("faithdiff:")).singleElement().asString()
                .contains("the images take more than the heap", "what fits: ", "--scale ");
        assertThat(out).doesNotExist();
    }
}
