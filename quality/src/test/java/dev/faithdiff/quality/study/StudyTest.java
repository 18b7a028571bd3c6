package dev.faithdiff.quality.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.tensor.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("full")
class StudyTest {
    private static final String SYSTEMS = """
            {"name": "bicubic", "kind": "bicubic"}, {"name": "stub", "model": "stub", "seeds": [1, 2]},
            {"name": "stub", "model": "stub", "vary": {"option": "strength", "values": [0, 1]}},
            {"name": "lost", "model": "nowhere"}, {"name": "original", "kind": "original"}""";
    private static final String STUDY = """
            {"title": "Tiny", "photos": "photos", "crop": 48, "scale": 2, "degradations": ["level1", "blur:0,2+jpeg:50"],
             "systems": [%s], "measures": ["psnr-y", "ssim-y", "niqe", "detail"], "sheets": 1, "baseline": "bicubic"}""".formatted(SYSTEMS);
    private static final int CELLS = 2 * 3 * (1 + 2 + 2 + 1);

    @TempDir Path dir;

    @BeforeEach void makePhotosAndAModel() throws IOException {
        Image photo = ImageFiles.read(Fixtures.path("iqa/images/photo.png"));
        Path photos = Files.createDirectories(dir.resolve("photos"));
        for (int i = 0; i < 2; i++) ImageFiles.write(photo.crop(60 * i, 40, 50, 49), photos.resolve(i + ".png"));
        Path stub = Files.createDirectories(dir.resolve("stub"));
        Files.writeString(stub.resolve("model.json"), "{\"format\": \"faithdiff-jvm\", \"version\": 1, \"kind\": \"stub\"}");
        StubKind.made = 0;
        StubKind.left = Integer.MAX_VALUE;
    }

    private Study study(String json) throws IOException {
        return Study.read(Files.writeString(dir.resolve("study.json"), json), Study.Replaced.NOTHING);
    }

    private Path run(Study study, String out, List<String> said) {
        return new StudyRun(study, dir.resolve(out), Compute.on(Device.CPU), said::add).run(false);
    }

    @Test void aStudyThatWasKilledEndsWithTheSameReport() throws IOException {
        List<String> said = new ArrayList<>();
        Path whole = run(study(STUDY), "whole", said);
        assertThat(said).anyMatch(l -> l.startsWith("lost is left out: ") && l.contains("no such model folder"));
        assertThat(Files.readAllLines(dir.resolve("whole/cells.jsonl"))).hasSize(CELLS);
        int made = StubKind.made;
        StubKind.left = 5;
        Study study = study(STUDY);
        assertThatThrownBy(() -> run(study, "killed", said)).isInstanceOf(StubKind.Killed.class);
        Path cells = dir.resolve("killed/cells.jsonl");
        String done = Files.readString(cells);
        assertThat(done.lines()).hasSize(2 * 3 + 5);
        Files.writeString(cells, done.substring(0, done.length() - 40)); // as a power cut leaves it
        assertThat(dir.resolve("killed/report.md")).doesNotExist();
        StubKind.left = Integer.MAX_VALUE;
        StubKind.made = 0;
        Path resumed = run(study, "killed", said);
        assertThat(StubKind.made).as("only what was left, and the line that was cut").isEqualTo(made - 5 + 1);
        assertThat(withoutCosts(resumed)).isEqualTo(withoutCosts(whole));
        for (String file : List.of("cells.csv", "sheet-0-level1.jpg", "over-blur-psnr-y.png")) {
            assertThat(dir.resolve("killed").resolve(file)).hasSameBinaryContentAs(dir.resolve("whole").resolve(file));
        }
    }

    private static String withoutCosts(Path report) throws IOException { return Files.readString(report).split("## " + StudyReport.COSTS)[0]; }

    @Test void aFinishedStudyIsOnlyWrittenAgain() throws IOException {
        Path report = run(study(STUDY), "out", new ArrayList<>());
        String first = Files.readString(report), page = Files.readString(dir.resolve("out/report.html"));
        StubKind.left = 0;
        run(study(STUDY), "out", new ArrayList<>());
        assertThat(Files.readString(report)).isEqualTo(first);
        assertThat(Files.readString(dir.resolve("out/report.html"))).isEqualTo(page)
                .contains("data:image/jpeg;base64,", "data:image/png;base64,", "<b>");
    }

    @Test void theReportSaysWhatIsBestAndWhatIsMissing() throws IOException {
        String report = Files.readString(run(study(STUDY), "out", new ArrayList<>()));
        assertThat(report).startsWith("# Tiny\n").contains("2 photos, crops of 48x48", "psnr-y (higher)", "niqe (lower)", "| detail |",
                "not calibrated");
        assertThat(report).containsPattern("\\| bicubic \\| \\*{1,2}\\d\\d\\.\\d\\d\\*{1,2} \\[\\d\\d\\.\\d\\d, \\d\\d\\.\\d\\d\\]");
        assertThat(report).contains("## Benefit over bicubic", "## Seeds", "- lost could not be opened: ")
                .contains("- no result of stub strength=0, level1, 0.png, seed 42: a stub without strength fails")
                .containsPattern("- in 30 cells: niqe takes at least ");
        assertThat(report).as("the good photo is no rival").containsPattern("\\| original \\| 80\\.00 ");
        assertThat(Files.readAllLines(dir.resolve("out/cells.csv"))).hasSize(CELLS + 1)
                .first().asString().isEqualTo("system,degradation,photo,seed,hardly damaged,psnr-y,ssim-y,niqe,detail,failure");
        assertThat(ImageFiles.read(dir.resolve("out/sheet-0-level1.jpg")).width()).as("input, six systems, original").isEqualTo(8 * 260);
    }

    @Test void manyMeasuresHaveRowsOfTheirOwn() throws IOException {
        String many = STUDY.replace("\"niqe\"", "\"psnr-rgb\", \"psnr-ycbcr\", \"ssim-rgb\", \"ssim-ycbcr\", \"gmsd\", \"fsim\", \"colour-shift\"");
        String report = Files.readString(run(study(many), "out", new ArrayList<>()));
        assertThat(report).containsPattern("\\| system \\| bicubic \\| stub \\|").containsPattern("\\| psnr-y \\(higher\\) \\| \\*{1,2}\\d\\d\\.")
                .containsPattern("\\| degradation \\| hardly damaged \\| measure \\| stub \\|").containsPattern("\\| level1 \\| \\d+ % \\| gmsd \\|");
    }

    @Test void failedCellsAreDoneAgainWhenAsked() throws IOException {
        run(study(STUDY), "out", new ArrayList<>());
        StubKind.made = 0;
        new StudyRun(study(STUDY), dir.resolve("out"), Compute.on(Device.CPU), _ -> { }).run(true);
        assertThat(StubKind.made).as("those without strength").isEqualTo(2 * 3);
    }

    @Test void photosWithoutReferencesAreTakenAsTheyAre() throws IOException {
        String json = """
                {"photos": ["photos/0.png"], "scale": 2, "references": false, "systems": [{"name": "b", "kind": "bicubic"}],
                 "measures": ["detail", "consistency"]}""";
        String report = Files.readString(run(study(json), "out", new ArrayList<>()));
        assertThat(report).contains("1 photo, restored as they are to 2 times their size", "Nothing.");
        Image result = ImageFiles.read(dir.resolve("out/results/0-none/0-0.png"));
        assertThat(result.width() + "x" + result.height()).isEqualTo("100x98");
    }

    @Test void photosThatAreTooSmallFailInOneLine() throws IOException {
        String report = Files.readString(run(study(STUDY.replace("\"crop\": 48", "\"crop\": 64")), "out", new ArrayList<>()));
        assertThat(report).contains("0.png, seed 42: the photo has 50x49 pixels, too few for crops of 64x64");
    }

    @Test void aFolderBelongsToOneStudy() throws IOException {
        run(study(STUDY), "out", new ArrayList<>());
        Study other = study(STUDY.replace("jpeg:50", "jpeg:40"));
        assertThatThrownBy(() -> run(other, "out", new ArrayList<>())).isInstanceOf(ImageError.class).hasMessageContaining("holds another study");
        try (CellFile held = new CellFile(dir.resolve("out/cells.jsonl"), false)) {
            Study same = study(STUDY);
            assertThat(held.cells()).hasSize(CELLS);
            assertThatThrownBy(() -> run(same, "out", new ArrayList<>())).isInstanceOf(ImageError.class).hasMessageContaining("another process");
        }
    }

    @Test void sweepsAreOneDegradationForEachValue() {
        List<StudyDegradation> sweep = StudyDegradation.of("blur:0,1.5+noise:5");
        assertThat(sweep).extracting(StudyDegradation::name).containsExactly("blur:0+noise:5", "blur:1.5+noise:5");
        assertThat(sweep).extracting(StudyDegradation::value).containsExactly(0.0, 1.5);
        Image photo = ImageFiles.read(Fixtures.path("iqa/images/photo.png")).crop(0, 0, 48, 48);
        assertThat(StudyDegradation.of("none").getFirst().degrade(photo, 1, 0)).isEqualTo(photo);
        assertThat(StudyDegradation.of("blur:0").getFirst().degrade(photo, 1, 0)).isEqualTo(photo);
        assertThat(StudyDegradation.of("blur:0").getFirst().degrade(photo, 4, 0))
                .isEqualTo(StudyDegradation.of("none").getFirst().degrade(photo, 4, 0));
    }

    /** What a file says, what it says instead, and a part of the one line. */
    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "\"crop\": 48; \"crop\": 47; 'crop' must be 0, or at least 16 and a multiple of 'scale'",
        "\"crop\": 48; \"crop\": -1; 'crop' must be a whole number from 0",
        "\"scale\": 2; \"scale\": 1e9; 'scale' must be a whole number from 1 to 16",
        "\"scale\": 2; \"skale\": 2; 'skale' is no setting",
        "\"title\": \"Tiny\"; \"title\": []; 'title' must be a text",
        "\"photos\": \"photos\"; \"photos\": \"nowhere\"; there is no such folder",
        "\"photos\": \"photos\"; \"photos\": [\"a.png\"]; there is no such photo",
        "\"photos\": \"photos\"; \"photos\": \"stub\"; there are no photos",
        "\"photos\": \"photos\",; ; 'photos' is missing",
        "level1; level9; there is no recipe level9",
        "level1; blur:99; 'blur:99' must have a number from 0 to 50",
        "level1; blur:NaN; 'blur:NaN' must have a number",
        "level1; jpeg:0; 'jpeg:0' must have a number from 1 to 100",
        "level1; rain:3; there is no loss 'rain'",
        "level1; blur:1,2+jpeg:3,4; varies one thing at a time",
        "level1; blur:0+jpeg:50; is given twice",
        "psnr-y; psnr-z; there is no measure 'psnr-z'",
        "psnr-y; niqe; the measure 'niqe' is given twice",
        "\"baseline\": \"bicubic\"; \"baseline\": \"other\"; 'baseline' names no system",
        "\"lost\"; \"bicubic\"; the system 'bicubic' is given twice",
        "\"lost\"; \"a|b\"; a system's name has",
        "\"kind\": \"original\"; \"kind\": \"magic\"; there is no kind of system 'magic'",
        "\"kind\": \"original\"; \"kind\": \"identity\"; needs \"scale\": 1",
        "\"kind\": \"original\"; \"kind\": \"model\"; 'model' is missing",
        "\"strength\"; \"strenght\"; there is no option 'strenght'",
        "\"strength\"; \"seed\"; stand for the option seed",
        "[0, 1]; [0, 7]; strength must be",
        "[1, 2]; [1, 1]; a seed is given twice",
        "[1, 2]; [1, 0.5]; 'seeds' must be a list of whole numbers",
        "\"sheets\": 1; \"sheets\": 99; 'sheets' must be a whole number from 0 to 16",
        "\"sheets\": 1; \"references\": false; the kind original needs references",
    })
    void hostileFilesGiveOneLine(String part, String instead, String message) {
        assertThat(STUDY).contains(part);
        assertThatThrownBy(() -> study(STUDY.replace(part, instead == null ? "" : instead))).isInstanceOf(ModelError.class)
                .hasMessageStartingWith(dir.resolve("study.json").toString()).hasMessageContaining(message)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    }

    @Test void whatIsNoStudyGivesOneLine() throws IOException {
        for (String text : List.of("", "[]", "{", "{}", "\0", "{\"photos\": {}, \"systems\": [1]}", "{\"systems\": []}")) {
            assertThatThrownBy(() -> study(text)).as(text).isInstanceOf(ModelError.class)
                    .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
        }
        try (Stream<Path> left = Files.list(dir)) {
            assertThat(left.filter(f -> f.toString().contains("out"))).isEmpty();
        }
    }
}
