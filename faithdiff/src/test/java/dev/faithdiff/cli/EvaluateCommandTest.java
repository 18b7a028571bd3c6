package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageFiles;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluateCommandTest {
    private static final Path SAMPLES = Path.of(System.getProperty("faithdiff.home"), "samples");

    @TempDir Path dir;

    @Test void printsATableAndWritesTheRows() {
        Path sheet = dir.resolve("sheet.png");
        List<String> table = CommandLineRun.of("evaluate", SAMPLES, "--photos", 2, "--crop", 64, "--steps", 1, "-o", sheet).out().lines().toList();
        assertThat(table).hasSize(5);
        assertThat(table.getFirst()).contains("2 crops of 64x64, recipe mini, 4 times smaller");
        List<Double> psnr = table.subList(2, 5).stream().map(row -> Double.parseDouble(row.split("\\|")[2])).toList();
        assertThat(psnr).allMatch(p -> p > 10 && p < 60);
        assertThat(psnr.get(1)).as("the autoencoder alone").isGreaterThan(psnr.get(2));
        Image rows = ImageFiles.read(sheet);
        assertThat(rows.width() + "x" + rows.height()).isEqualTo("256x128");
    }

    @Test void refusesAFolderWithoutPhotosAndACropThatIsTooLarge() {
        CommandLineRun.of("evaluate", dir).assertFailed(1, "there are no photos");
        CommandLineRun.of("evaluate", SAMPLES, "--crop", 4096).assertFailed(1, "is smaller than the crop of 4096");
    }
}
