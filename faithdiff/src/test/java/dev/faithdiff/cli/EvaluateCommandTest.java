package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.CommandLineRun;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.generator.GeneratorModels;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("full")
class EvaluateCommandTest {
    private static final Path SAMPLES = Path.of(System.getProperty("faithdiff.home"), "samples");

    @TempDir Path dir;

    @Test void printsATableAndWritesTheRows() {
        CommandLineRun run = CommandLineRun.of(Main::run, "evaluate", SAMPLES, "--photos", 2, "--crop", "64,48", "--steps", 1, "-o",
                dir.resolve("sheet.png"));
        List<String> table = run.out().lines().toList();
        assertThat(table).hasSize(5);
        assertThat(table.getFirst()).contains("recipe mini, 4 times smaller").endsWith("| 64x64 (mean of 2) | 48x48 (mean of 2) |");
        for (int size = 2; size <= 3; size++) {
            int column = size;
            List<Double> psnr = table.subList(2, 5).stream().map(row -> Double.parseDouble(row.split("\\|")[column].trim().split(" ")[0])).toList();
            assertThat(psnr).allMatch(p -> p > 10 && p < 60);
            assertThat(psnr.get(1)).as("the autoencoder alone").isGreaterThan(psnr.get(2));
        }
        for (int side : new int[] {64, 48}) {
            Image rows = ImageFiles.read(dir.resolve("sheet-" + side + ".png"));
            assertThat(rows.width() + "x" + rows.height()).isEqualTo(4 * side + "x" + 2 * side);
        }
    }

    /** A network of one pass has no autoencoder, and neither steps nor a seed; in front of it another model. */
    @Test void measuresModelsOfAnyKind() {
        Path sheet = dir.resolve("sheet.png"), network = GeneratorModels.folder("srvgg_x4");
        CommandLineRun alone = CommandLineRun.of(Main::run, "evaluate", SAMPLES, "--photos", 1, "--crop", 64, "--model", network, "-o", sheet);
        assertThat(alone.out().lines()).hasSize(4).noneMatch(row -> row.contains("autoencoder"));
        assertThat(ImageFiles.read(sheet).width()).as("degraded, restored, good").isEqualTo(3 * 64);
        CommandLineRun.of(Main::run, "evaluate", SAMPLES, "--model", network, "--steps", 2).assertFailed(1, "this model has no steps");
        CommandLineRun both = CommandLineRun.of(Main::run, "evaluate", SAMPLES, "--photos", 1, "--crop", 64, "--initial", network, "--steps", 1);
        assertThat(both.out().lines()).hasSize(5).anyMatch(row -> row.contains("autoencoder"));
        assertThat(both.out()).isNotEqualTo(alone.out());
    }

    @Test void leavesOutPhotosThatAreTooSmall() {
        CommandLineRun run = CommandLineRun.of(Main::run, "evaluate", SAMPLES, "--crop", "512", "--steps", 1, "--strength", 0);
        assertThat(run.err()).contains("5 of 6 photos are too small for crops of 512x512");
        assertThat(run.out()).contains("| 512x512 (mean of 1) |");
    }

    @Test void refusesAFolderWithoutPhotosAndCropsThatAreTooLarge() {
        CommandLineRun.of(Main::run, "evaluate", dir).assertFailed(1, "there are no photos");
        CommandLineRun.of(Main::run, "evaluate", SAMPLES, "--crop", 4096).assertFailed(1, "no photo is as large as the crops");
    }
}
