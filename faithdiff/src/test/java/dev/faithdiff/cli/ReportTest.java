package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.CommandLineRun;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.model.Checksums;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.generator.GeneratorModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pages of results, their verification, and the calibration behind their trust masks. */
class ReportTest {
    @TempDir Path dir;

    private Path photo, result, model, page;

    @BeforeEach void files() throws IOException {
        byte[] rgb = new byte[3 * 24 * 16];
        new Random(5).nextBytes(rgb);
        photo = dir.resolve("photo <1>.png"); // names are text, not markup
        result = dir.resolve("out/result.png");
        model = dir.resolve("model");
        page = dir.resolve("pages/result.png.html");
        ImageFiles.write(Image.of(24, 16, rgb), photo);
        new ModelFolder(GeneratorModels.folder("srvgg_x4")).copyTo(model, Set.of());
        Files.createDirectories(result.getParent());
    }

    private static CommandLineRun run(Object... args) { return CommandLineRun.of(Main::run, args); }

    private void restore(Object... more) {
        Object[] all = new Object[more.length + 8];
        System.arraycopy(new Object[] {"restore", photo, "-o", result, "--model", model, "--report", page.getParent()}, 0, all, 0, 8);
        System.arraycopy(more, 0, all, 8, more.length);
        CommandLineRun run = run(all);
        assertThat(run.code()).as(run.err()).isZero();
    }

    private static void flip(Path file, long at) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[(int) at] ^= 1;
        Files.write(file, bytes);
    }

    private void differs(String line) {
        CommandLineRun run = run("verify-result", page);
        assertThat(run.out().lines()).as(run.err()).anyMatch(l -> l.startsWith(line));
        assertThat(run.out()).doesNotContain("are as result.png.html says");
        assertThat(run.code()).isEqualTo(1);
    }

    @Test void aResultThatIsAsItsPageSaysIsRestoredAgainToTheSameBytes() throws IOException {
        for (Object[] more : new Object[][] {{"--jpeg-quality", 80}, {"--scale", 2, "--exact"}, {}}) {
            String name = more.length == 2 ? "result.jpg" : "result.png";
            result = result.resolveSibling(name);
            page = page.resolveSibling(name + ".html");
            restore(more);
            CommandLineRun run = run("verify-result", page);
            assertThat(run.out()).as(run.err()).contains("restored again: the same bytes").contains("are as " + name + ".html says");
            assertThat(run.code()).isZero();
            if (more.length > 0) Files.delete(result);
        }
        String html = Files.readString(page);
        assertThat(html).contains("photo &lt;1&gt;.png").doesNotContain("{{").doesNotContain("<1>").contains("no calibration");
        assertThat(html).contains("Consistency").contains("enlarge").contains(Checksums.of(photo)).contains(Checksums.of(result));
    }

    @Test void aChangedByteOfModelInputSettingsAndOutputIsNamed() throws IOException {
        restore();
        byte[] was = Files.readAllBytes(photo);
        flip(photo, was.length - 20);
        differs("input: " + photo + " has been changed");
        Files.write(photo, was);

        Path weights = model.resolve("generator/model.safetensors");
        flip(weights, Files.size(weights) - 1);
        differs("model: model/generator/model.safetensors has been changed");
        flip(weights, Files.size(weights) - 1);
        Files.writeString(model.resolve("more.json"), "{}");
        differs("model: model/more.json was not there");
        Files.delete(model.resolve("more.json"));

        flip(result, Files.size(result) - 1);
        differs("output: " + result + " has been changed");
        differs("restored again: the same bytes"); // so it was the file that changed, not what it follows from
        flip(result, Files.size(result) - 1);

        String html = Files.readString(page);
        assertThat(html).contains("\"scale\":4,");
        Files.writeString(page, html.replace("\"scale\":4,", "\"scale\":3,"));
        differs("settings: the page's have been changed: scale is 3 in the page and 4 in the result");
        Files.writeString(page, html);
        assertThat(run("verify-result", page).code()).isZero();
        Files.delete(result);
        differs("output: " + result + " is not there");
    }

    @Test void filesMayBeElsewhereAndAResultMayStandForItsPage() throws IOException {
        page = result.resolveSibling("result.png.html");
        restore();
        assertThat(run("verify-result", result).code()).isZero();
        Path moved = Files.move(photo, dir.resolve("moved.png"));
        assertThat(run("verify-result", result).out()).contains("--input says where it is");
        assertThat(run("verify-result", result, "--input", moved).code()).isZero();
    }

    @Test void whatIsNoPageIsRefused() throws IOException {
        run("verify-result", photo).assertFailed(1, "cannot read");
        Files.writeString(dir.resolve("a.html"), "<html></html>");
        run("verify-result", dir.resolve("a.html")).assertFailed(1, "is no page of 'faithdiff restore --report'");
        restore();
        Files.writeString(page, Files.readString(page).replace("\"origin\":{", "\"origin\":{["));
        run("verify-result", page).assertFailed(1, "has been damaged");
        run("restore", photo, "--model", model, "--report-seeds", 1).assertFailed(2, "goes with --report");
        run("restore", photo, "--model", model, "--report", dir, "--report-seeds", 1).assertFailed(1, "draws no random numbers");
        run("restore", photo, "-o", "-", "--model", model, "--report", dir).assertFailed(2, "--report needs photos and results that are files");
    }

    /** The calibration becomes a part of the folder that 'verify' knows, and does not make it another model. */
    @Test void calibratesAModelAndPagesSayIt() throws IOException {
        String digest = new ModelFolder(model).digest();
        Checksums.write(model);
        Path samples = Path.of(System.getProperty("faithdiff.home"), "samples");
        CommandLineRun run = run("calibrate", samples, "--model", model, "--crop", 64, "--photos", 3);
        assertThat(run.out()).as(run.err()).contains("calibrated on 3 photos").contains("| error chosen |");
        assertThat(new ModelFolder(model).digest()).isEqualTo(digest);
        assertThat(CommandLineRun.of(dev.faithdiff.convert.Main::run, "verify", model).code()).isZero();
        assertThat(run("calibrate", samples, "--model", model, "--check", "--photos", 2).out()).contains("2 photos that it was not made of");
        restore();
        assertThat(Files.readString(page)).contains("Calibrated on 3 photos").contains("\"bounds\":[").doesNotContain("Beware");
        restore("--scale", 2, "--overwrite");
        assertThat(Files.readString(page)).contains("the promise does not hold here, since this result was made otherwise: scale is 2, 4 there");
        flip(model.resolve(ModelFolder.CALIBRATION), 40);
        CommandLineRun damaged = CommandLineRun.of(dev.faithdiff.convert.Main::run, "verify", model);
        assertThat(damaged.code()).isEqualTo(1);
        assertThat(damaged.out() + damaged.err()).contains("trust.json has another SHA-256");
    }
}
