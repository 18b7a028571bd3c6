package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.CommandLineRun;
import dev.faithdiff.quality.study.LevelRows;
import dev.faithdiff.quality.study.Study;
import dev.faithdiff.quality.study.StudySystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("full")
class StudyCommandTest {
    private static final Path HOME = Path.of(System.getProperty("faithdiff.home")), SAMPLES = HOME.resolve("samples");

    @TempDir Path dir;

    /** Every system that ships is measured, and takes the options that the recipe names. */
    @Test void everyStudyThatComesAlongIsRead() throws IOException {
        try (Stream<Path> all = Files.list(HOME.resolve("studies"))) {
            List<Path> files = all.filter(f -> f.toString().endsWith(".json")).sorted().toList();
            assertThat(files).hasSize(15);
            for (Path file : files) {
                Study study = Study.read(file, new Study.Replaced(SAMPLES, 2));
                assertThat(study.photos().files()).hasSize(2);
                for (StudySystem s : study.systems()) {
                    boolean isTrainedByTheReader = s.model() != null && s.model().startsWith(HOME.resolve("runs"));
                    boolean isPulled = s.model() != null && s.model().endsWith("realesrgan-x4plus");
                    if (s.model() != null && !isTrainedByTheReader && !isPulled) assertThat(s.parameters()).as(file + ": " + s.name()).isPositive();
                }
            }
        }
    }

    @Test void comparesTheBundledModelAndWritesAReport() throws IOException {
        Path file = Files.writeString(dir.resolve("study.json"), """
                {"photos": "%s", "count": 1, "crop": 64, "degradations": ["mini"], "measures": ["psnr-rgb"], "systems": [
                  {"name": "bicubic", "kind": "bicubic"}, {"name": "mini", "model": "%s"}]}"""
                .formatted(SAMPLES, HOME.resolve("models/faithdiff-mini")));
        Path out = dir.resolve("out");
        CommandLineRun run = CommandLineRun.of(Main::run, "study", file, "-o", out, "--device", "cpu");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains(out.resolve("report.md").toString());
        assertThat(Files.readString(out.resolve("report.md"))).containsPattern("\\| mini \\| \\*\\*?\\d\\d\\.\\d\\d\\*")
                .containsPattern("\\| mini \\| \\d\\.\\d\\d M \\|");
        CommandLineRun again = CommandLineRun.of(Main::run, "study", file, "-o", out, "--device", "cpu");
        assertThat(again.err()).as("nothing is left to do").isEmpty();
        CommandLineRun.of(Main::run, "study", file, "-o", out, "--count", 2).assertFailed(1, "holds another study");
    }

    /** Nobody has all released models; the level stays a guess, and the report says what was missing. */
    @Test void looksForLevels() throws IOException {
        try (Stream<Path> all = Files.list(HOME.resolve("studies/levels"))) {
            for (Path file : all.toList()) {
                LevelRows levels = LevelRows.read(file, new Study.Replaced(SAMPLES, 1));
                assertThat(levels.levels()).extracting(LevelRows.Level::name).containsExactly("level1", "level2", "level3");
                assertThat(levels.levels()).allSatisfy(l -> assertThat(l.rows()).hasSize(2));
            }
        }
        Path out = dir.resolve("out"), file = Files.writeString(dir.resolve("levels.json"), """
                {"photos": "%s", "count": 1, "crop": 64, "measures": ["psnr-rgb"], "tolerances": [0.15], "systems": [
                  {"name": "network", "model": "%s"}, {"name": "BSRGAN", "model": "no-such-model"}],
                 "levels": [{"name": "own", "rows": {"network": [24], "BSRGAN": [25]}}]}"""
                .formatted(SAMPLES, HOME.resolve("models/realesr-general-x4v3")));
        CommandLineRun run = CommandLineRun.of(Main::run, "study", "calibrate-levels", file, "-o", out, "--most", 1, "--device", "cpu");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("a guess, not calibrated: values are missing", "| network | psnr-rgb | 24.00 |", "missing: BSRGAN: ");
        CommandLineRun.of(Main::run, "study", "calibrate-levels", file, "-o", out, "--most", 0).assertFailed(2, "--most must be at least 1");
    }

    @Test void refusesWhatIsWrongInOneLine() throws IOException {
        CommandLineRun.of(Main::run, "study").assertFailed(2, "a study file and a folder");
        Path out = dir.resolve("out"), wrong = Files.writeString(dir.resolve("wrong.json"), "{\"systems\": 3}");
        CommandLineRun.of(Main::run, "study", dir.resolve("none.json"), "-o", out).assertFailed(1, "there is no such file");
        CommandLineRun.of(Main::run, "study", wrong, "-o", out).assertFailed(1, "'systems' must be a list");
        CommandLineRun.of(Main::run, "study", wrong, "-o", out, "--count", 0).assertFailed(2, "--count must be at least 1");
        CommandLineRun.of(Main::run, "study", HOME.resolve("studies/severity.json"), "-o", out).assertFailed(1, "'photos' is missing");
        assertThat(out).doesNotExist();
    }
}
