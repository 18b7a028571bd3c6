package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageFiles;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluateCommandTest {
    private static final Path SAMPLES = Path.of(System.getProperty("faithdiff.home"), "samples");

    @TempDir Path dir;

    @Test void printsATableAndWritesTheRows() {
        Path sheet = dir.resolve("sheet.png");
        List<String> table = run(0, "evaluate", SAMPLES.toString(), "--photos", "2", "--crop", "64", "--steps", "1", "-o", sheet.toString());
        assertThat(table).hasSize(5);
        assertThat(table.getFirst()).contains("2 crops of 64x64, recipe mini, 4 times smaller");
        List<Double> psnr = table.subList(2, 5).stream().map(row -> Double.parseDouble(row.split("\\|")[2])).toList();
        assertThat(psnr).allMatch(p -> p > 10 && p < 60);
        assertThat(psnr.get(1)).as("the autoencoder alone").isGreaterThan(psnr.get(2));
        Image rows = ImageFiles.read(sheet);
        assertThat(rows.width() + "x" + rows.height()).isEqualTo("256x128");
    }

    @Test void refusesAFolderWithoutPhotosAndACropThatIsTooLarge() {
        assertThat(run(1, "evaluate", dir.toString())).isEmpty();
        assertThat(run(1, "evaluate", SAMPLES.toString(), "--crop", "4096")).isEmpty();
    }

    /** The lines that a command prints, which must end so. */
    private static List<String> run(int code, String... args) {
        PrintStream before = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true));
        try {
            assertThat(Main.run(args)).isEqualTo(code);
        } finally {
            System.setOut(before);
        }
        return out.toString().lines().toList();
    }
}
