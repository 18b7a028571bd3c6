package dev.faithdiff.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFileTest {
    private static final String GOOD = """
            {"model": {"start": "m"}, "data": {"folder": "photos"},
             "stages": [{"objective": "vae", "steps": 7}, {"objective": "unified", "steps": 9}]}""";

    @TempDir private Path dir;

    private RunFile read(String json) {
        try {
            return RunFile.read(Files.writeString(dir.resolve("run.json"), json), null, null);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void fails(String json, String says) {
        assertThatThrownBy(() -> read(json)).isInstanceOf(UncheckedIOException.class).cause().hasMessageContaining("run.json: ")
                .hasMessageContaining(says);
    }

    @Test void whatIsLeftOutIsAsPublished() {
        RunFile run = read(GOOD);
        Stage stage = run.stages().get(1);
        assertThat(stage.learningRate()).isEqualTo(5e-5);
        assertThat(stage.encoderLearningRate()).isEqualTo(5e-6);
        assertThat(stage.promptDropout()).isEqualTo(0.2);
        assertThat(run.totalSteps()).isEqualTo(16);
        assertThat(run.withSteps(8).stages()).extracting(Stage::steps).containsExactly(7, 8);
        assertThat(RunFile.parse(run.json())).isEqualTo(run);
    }

    @Test void foldersAreRelativeToTheFile() {
        assertThat(read(GOOD).data().folder()).isEqualTo(dir.resolve("photos").toString());
        assertThat(read(GOOD).model().folder()).isEqualTo(dir.resolve("m"));
        assertThat(read(GOOD).validation().folder()).isEmpty();
        RunFile elsewhere = RunFile.read(dir.resolve("run.json"), dir.resolve("a"), dir.resolve("b"));
        assertThat(elsewhere.data().folder()).isEqualTo(dir.resolve("a").toString());
        assertThat(elsewhere.validation().folder()).isEqualTo(dir.resolve("b").toString());
    }

    @Test void everyMistakeIsNamed() {
        fails("[1]", "is not a JSON object");
        fails("{\"model\": ", "is not a JSON object");
        fails(GOOD.replace("\"steps\": 9", "\"stepps\": 9"), "'stages[1].stepps' is no setting");
        fails(GOOD.replace("\"steps\": 9", "\"steps\": 9.5"), "'stages[1].steps' must be a whole number, not 9.5");
        fails(GOOD.replace("\"steps\": 9", "\"steps\": \"many\""), "'stages[1].steps' must be a whole number");
        fails(GOOD.replace("\"steps\": 9", "\"batch\": 9"), "'steps'");
        fails(GOOD.replace("unified", "everything"), "'objective' must be one of vae, lq, align, unified, decoder, one-step, not 'everything'");
        fails(GOOD.replace("\"folder\": \"photos\"", "\"enlarge\": [\"bicubic\"]"), "'data.folder' is missing");
        fails(GOOD.replace("\"folder\": \"photos\"", "\"folder\": \"p\", \"enlarge\": [\"soft\"]"), "not soft");
        fails(GOOD.replace("\"folder\": \"photos\"", "\"folder\": \"p\", \"degradations\": [{\"recipe\": \"soup\"}]"), "no recipe soup");
        fails(GOOD.replace("\"start\": \"m\"", ""), "either 'start' or 'architecture'");
        fails("{\"model\": {\"start\": \"m\"}, \"data\": {\"folder\": \"p\"}, \"stages\": []}", "'stages' is missing");
        assertThatThrownBy(() -> RunFile.read(dir.resolve("none.json"), null, null)).cause().hasMessageContaining("there is no such file");
    }

    @Test void ablations() {
        String staged = GOOD.replace("[{\"objective\": \"vae\"", "[{\"objective\": \"align\", \"begin\": [\"silent-alignment\"]");
        RunFile run = read(staged.replace("\"data\"", "\"ablations\": [\"no-pretraining\", \"fixed-unet\"], \"data\""));
        assertThat(run.ablationSet()).containsExactly(Ablation.NO_PRETRAINING, Ablation.FIXED_UNET);
        assertThat(run.stagesToRun()).hasSize(1);
        assertThat(run.stagesToRun().getFirst().begin()).containsExactly("silent-alignment");
        assertThat(run.totalSteps()).isEqualTo(9);
        assertThat(read(staged).differenceUpTo(0, run)).startsWith("'ablations");
        fails(GOOD.replace("\"data\"", "\"ablations\": [\"no-fun\"], \"data\""), "no ablation 'no-fun'; there are no-alignment");
        fails(GOOD.replace("\"data\"", "\"ablations\": [\"no-alignment\"], \"data\""), "need 'model.architecture'");
    }

    @Test void knowsWhatWouldChangeTheWeights() {
        RunFile run = read(GOOD);
        assertThat(run.differenceUpTo(0, read(GOOD.replace("\"steps\": 9", "\"steps\": 10")))).isNull();
        assertThat(run.differenceUpTo(1, read(GOOD.replace("\"steps\": 9", "\"steps\": 10")))).isEqualTo("'stages[1].steps'");
        assertThat(run.differenceUpTo(0, read(GOOD.replace("photos", "moved")))).isNull();
        assertThat(run.differenceUpTo(0, read(GOOD.replace("{\"model\"", "{\"seed\": 1, \"model\"")))).isEqualTo("'seed'");
    }
}
