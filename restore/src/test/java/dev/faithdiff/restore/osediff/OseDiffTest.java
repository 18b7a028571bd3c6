package dev.faithdiff.restore.osediff;

import static dev.faithdiff.restore.CommonOptions.LONG_SIDE;
import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.HeatMap;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.onestep.OneStepRestorer;
import dev.faithdiff.restore.onestep.StoredOneStep;
import dev.faithdiff.restore.onestep.TinyBase;
import dev.faithdiff.restore.sd.AnyRestorer;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** OSEDiff from its released files to the restored image, against the published implementation, and with random weights where there are none. */
@Tag("full")
class OseDiffTest {
    private static final JsonObject JSON = Fixtures.json("osediff/osediff.json");
    @TempDir static Path dir;

    static Set<String> runs() { return StoredOneStep.names("osediff"); }

    private static Path folder() { return TinyBase.converted(dir, "osediff/osediff.pkl"); }

    private static Path random() { return TinyBase.random(dir, "osediff.pkl", List.of("default_encoder"), "default_encoder"); }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("runs")
    void givesThePublishedImage(String name) {
        try (SdModel model = SdModel.open(new ModelFolder(folder()), Compute.on(Device.CPU))) {
            StoredOneStep run = new StoredOneStep("osediff", name, model, new OseDiff(model));
            run.check(run.options().with(PROMPT, run.settings().get("prompt").getAsString()), "x_denoised", run.isVaeTiled());
        }
    }

    /** The states of the prompts that the fixtures have. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("runs")
    void readsText(String any) {
        Fixtures f = Fixtures.open("osediff/text.safetensors");
        JsonObject file = JSON.getAsJsonObject("files").getAsJsonObject("text.safetensors");
        double atol = file.getAsJsonObject("errors").getAsJsonObject("last_hidden_state").get("suggested_atol").getAsDouble();
        float[] expected = f.floats("last_hidden_state");
        try (SdModel model = SdModel.open(new ModelFolder(folder()), Compute.on(Device.CPU)); Scope _ = Scope.open()) {
            int at = 0;
            for (JsonElement prompt : file.getAsJsonArray("prompts")) {
                float[] states = model.text.encode(prompt.getAsString()).toFloats(), own = new float[states.length];
                System.arraycopy(expected, at, own, 0, own.length);
                Fixtures.assertClose(prompt.getAsString(), states, own, atol);
                at += own.length;
            }
        }
    }

    @Test void tilesLieAsPublished() {
        JsonObject cases = JSON.getAsJsonObject("files").getAsJsonObject("tiles.safetensors").getAsJsonObject("cases");
        Fixtures f = Fixtures.open("osediff/tiles.safetensors");
        cases.asMap().forEach((name, value) -> {
            JsonObject c = value.getAsJsonObject();
            TileGrid grid = TileGrid.square(c.get("latent_h").getAsInt(), c.get("latent_w").getAsInt(), c.get("tile").getAsInt(),
                    c.get("overlap").getAsInt(), false);
            List<TileGrid.Tile> expected = new ArrayList<>();
            c.getAsJsonArray("tiles_x_y").forEach(t -> expected.add(new TileGrid.Tile(((JsonArray) t).get(1).getAsInt(),
                    ((JsonArray) t).get(0).getAsInt())));
            assertThat(grid.tiles()).as(name).containsExactlyInAnyOrderElementsOf(expected);
            assertThat(grid.tileHeight()).as(name).isEqualTo(c.get("tile_used").getAsInt());
            if (!f.has(name + ".weights")) return;
            double[] weights = grid.weights();
            float[] own = new float[weights.length];
            for (int i = 0; i < own.length; i++) own[i] = (float) weights[i];
            Fixtures.assertClose(name + " weights", own, f.floats(name + ".weights"), 1e-5);
        });
    }

    @Test void aPromptThatEndsWithACommaIsTakenAsItIs() {
        assertThat(OseDiff.text("")).isEqualTo(", ,");
        assertThat(OseDiff.text("cat, grass, hill")).isEqualTo("cat, grass, hill, ,");
        assertThat(OseDiff.text(", a photo, sharp,")).isEqualTo(", a photo, sharp,");
    }

    private static Image photo(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        new Random(width).nextBytes(rgb);
        return Resize.resize(Image.of(width, height, rgb), width, height, Filter.BICUBIC);
    }

    @Test void restoresAnySizeWithRandomWeights() {
        try (Restorer r = Restorers.open(random(), Device.CPU)) {
            Options own = r.defaults().with(PROCESS_SIZE, 64);
            Image photo = photo(21, 17), result = r.restore(photo, own);
            assertThat(result).hasToString("Image 84x68");
            assertThat(r.restore(photo, own)).as("the same seed").isEqualTo(result);
            assertThat(r.restore(photo, own.with(SEED, 7L))).as("another seed").isNotEqualTo(result);
            assertThat(r.restore(photo, own.with(PROMPT, "cat"))).as("another text").isNotEqualTo(result);
            assertThat(r.restore(photo, own.with(SCALE, 1.5))).hasToString("Image 32x26");
            assertThat(r.restore(photo, own.with(LONG_SIDE, 99))).hasToString("Image 99x80");
            Image enlarged = Resize.resize(photo, 84, 68, Filter.LANCZOS);
            assertThat(r.restore(photo, own.with(STRENGTH, 0.0))).isEqualTo(enlarged);
            assertThat(r.restore(photo, own.with(STRENGTH, 0.5))).isEqualTo(result.mix(enlarged, 0.5));
            List<String> stages = new ArrayList<>();
            Listener told = new Listener() {
                @Override public void at(String stage, int step, int steps) { stages.add(stage + " " + step + "/" + steps); }

                @Override public void tile(String stage, int tile, int tiles) { stages.add(stage + " tile " + tile + "/" + tiles); }
            };
            assertThat(r.restore(photo, own.with(TILE, 64), told)).isNotEqualTo(result);
            assertThat(stages).startsWith("encode 0/0", "denoise 0/1", "denoise tile 1/4").endsWith("denoise tile 4/4", "denoise 1/1", "decode 0/0");
            assertThatThrownBy(() -> r.restore(photo, own.with(STEPS, 5))).hasMessage("this model has no steps; leave it out");
            assertThat(r.throughAutoencoder(photo).orElseThrow()).hasToString("Image 21x17");
        }
    }

    /** The result is smaller than what networks see, and is the same with maps. */
    @Test void showsWhereItLooked() {
        Map<String, HeatMap> maps = new HashMap<>();
        Listener wants = new Listener() {
            @Override public void at(String stage, int step, int steps) {}

            @Override public List<String> words() { return List.of("cat", "green grass"); }

            @Override public void map(String word, HeatMap map) { maps.put(word, map); }
        };
        try (Restorer r = Restorers.open(random(), Device.CPU)) {
            Options own = r.defaults().with(PROCESS_SIZE, 128).with(TILE, 64).with(PROMPT, "a cat, green grass");
            assertThat(r.restore(photo(21, 17), own, wants)).isEqualTo(r.restore(photo(21, 17), own));
            assertThat(maps).containsOnlyKeys("cat", "green grass");
            maps.values().forEach(m -> assertThat(m).returns(84, HeatMap::width).returns(68, HeatMap::height).matches(h -> h.max() > h.min()));
            assertThatThrownBy(() -> r.restore(photo(21, 17), own.with(PROMPT, "a cat"), wants)).hasMessageEndingWith("has no 'green grass'");
        }
    }

    @Test void givesTheSameOnAnotherDevice() {
        AnyRestorer.givesTheSameOnAnotherDevice(random(), photo(20, 16), r -> r.defaults().with(PROCESS_SIZE, 64));
    }

    @Test void optionsAreListedOnce() {
        List<String> names = new OseDiffKind().options().stream().map(o -> o.name()).toList();
        assertThat(names).doesNotHaveDuplicates().contains("prompt", "process-size", "strength");
        assertThat(OneStepRestorer.options(List.of())).hasSize(names.size() - 1);
    }
}
