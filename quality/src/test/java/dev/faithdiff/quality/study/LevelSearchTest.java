package dev.faithdiff.quality.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.quality.Measure;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.tensor.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("full")
class LevelSearchTest {
    private static final List<String> MEASURES = List.of("psnr-rgb", "ssim-y", "gmsd", "edge-energy", "texture-energy", "detail");
    /** Losses that nobody tells the search. */
    private static final Losses SECRET = new Losses(1.7, 6.5, 58, 0.35);

    @TempDir Path dir;

    @BeforeEach void makePhotos() throws IOException {
        Path photos = Files.createDirectories(dir.resolve("photos"));
        Image photo = ImageFiles.read(Fixtures.path("iqa/images/photo.png"));
        for (int i = 0; i < 2; i++) ImageFiles.write(photo.crop(60 * i, 20 * i, 128, 128), photos.resolve(i + ".png"));
    }

    private static String json(String measures, String tolerances, String rows) {
        return """
            {"title": "Known", "photos": "photos", "scale": 2,
             "systems": [{"name": "bicubic", "kind": "bicubic"}, {"name": "lost", "model": "nowhere"}],
             "measures": [%s], "tolerances": [%s], "levels": [{"name": "secret", "rows": {%s}}]}""".formatted(measures, tolerances, rows);
    }

    private LevelRows read(String json) throws IOException {
        return LevelRows.read(Files.writeString(dir.resolve("levels.json"), json), Study.Replaced.NOTHING);
    }

    private static String quoted(List<String> names) { return names.stream().map(n -> '"' + n + '"').collect(Collectors.joining(", ")); }

    /** What the systems really make of the secret losses. */
    private String rows(List<String> measures) throws IOException {
        LevelRows empty = read(json(quoted(measures), measures.stream().map(_ -> "1").collect(Collectors.joining(",")), ""));
        StudyDegradation secret = StudyDegradation.of(SECRET.text()).getFirst();
        Study study = empty.study().with(List.of(secret));
        Summary summary = new StudyRun(study, dir.resolve("secret"), Compute.on(Device.CPU), _ -> { }).cells();
        List<String> values = new ArrayList<>();
        for (Measure m : summary.measures()) values.add(Double.toString(summary.mean(study.systems().getFirst(), secret, m)));
        return "\"bicubic\": [" + String.join(", ", values) + "]";
    }

    private String run(String json, String out, int most) throws IOException {
        return Files.readString(new LevelSearch(read(json), dir.resolve(out), Compute.on(Device.CPU), most, _ -> { }).run());
    }

    @Test void findsLossesThatAreKnown() throws IOException {
        String json = json(quoted(MEASURES), "0.15, 0.01, 0.005, 0.3, 0.2, 0.1", rows(MEASURES)), report = run(json, "out", 150);
        assertThat(report).contains("The level is calibrated on these photos.").doesNotContain("| no |");
        String text = report.lines().filter(l -> l.startsWith("- As a degradation: ")).findFirst().orElseThrow()
                .substring("- As a degradation: ".length());
        String[] found = text.replaceAll("[a-z:]", "").split("\\+");
        assertThat(Double.parseDouble(found[0])).as(text).isCloseTo(SECRET.blur(), within(0.15));
        assertThat(Double.parseDouble(found[1])).as(text).isCloseTo(SECRET.noise(), within(1.0));
        assertThat(Double.parseDouble(found[2])).as(text).isCloseTo(SECRET.jpeg(), within(8.0));
        int cells = Files.readAllLines(dir.resolve("out/cells.jsonl")).size();
        assertThat(run(json, "out", 150)).as("the same way over what is done").isEqualTo(report);
        assertThat(Files.readAllLines(dir.resolve("out/cells.jsonl"))).hasSize(cells);
    }

    /** Two values cannot tell four numbers, and no losses give a blurred photo more than 60 dB. */
    @Test void saysWhatIsAGuess() throws IOException {
        List<String> two = List.of("psnr-rgb", "ssim-y");
        String open = run(json(quoted(two), "0.15, 0.01", rows(two)), "open", 60);
        assertThat(open).contains("a guess, not calibrated: 2 values leave 4 numbers open").doesNotContain("| no |");
        String far = json("\"psnr-rgb\", \"lpips-alex\"", "0.15, 0.01", "\"bicubic\": [60, 0.1], \"lost\": [60, 0.1]");
        assertThat(run(far, "far", 1)).contains("values are missing", "1 of 1 values are not within their tolerance", "| no |",
                "- missing: lpips-alex: no folder in", "- missing: lost: ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "[1,1]; [1]; 'tolerances' must have 2 numbers",
        "[1,1]; [1,0]; 'tolerances' must be above 0",
        "[2,3]; [2]; the row of bicubic must have 2 numbers",
        "[2,3]; [2,\"3\"]; the row of bicubic must have 2 numbers",
        "\"bicubic\":; \"other\":; 'rows' names no system: other",
        "\"scale\"; \"degradations\": [\"mini\"], \"scale\"; leave them out",
        "\"scale\"; \"skale\"; 'skale' is no setting",
    })
    void hostileFilesGiveOneLine(String part, String instead, String message) {
        String good = json("\"psnr-rgb\", \"ssim-y\"", "1,1", "\"bicubic\": [2,3]");
        assertThat(good).contains(part);
        assertThatThrownBy(() -> read(good.replace(part, instead))).isInstanceOf(ModelError.class).hasMessageContaining(message)
                .hasMessageStartingWith(dir.resolve("levels.json").toString());
    }
}
