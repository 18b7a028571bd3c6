package dev.faithdiff.restore.pasd;

import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.SIZE;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Percentage.withPercentage;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.diffusion.Levels;
import dev.faithdiff.restore.diffusion.Samplers;
import dev.faithdiff.restore.sd.AnyRestorer;
import dev.faithdiff.restore.sd.ControlOptions;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.restore.sd.SdRun;
import dev.faithdiff.restore.sd.StoredSteps;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** PASD against the published implementation, and as a restorer like any other. */
@Tag("full")
class PasdTest {
    @TempDir static Path dir;

    private static void with(Path model, Consumer<Pasd> test) {
        PasdModel m = PasdModel.open(new ModelFolder(model), Compute.on(Device.CPU));
        try (SdModel _ = m.base()) {
            test.accept(new Pasd(m));
        }
    }

    private static Path random() { return TinyPasd.random(dir, false); }

    private static Stream<DynamicTest> each(List<String> runs, Path model, Consumer<StoredPasd> test) {
        return runs.stream().map(name -> DynamicTest.dynamicTest(name, () -> with(model, system -> test.accept(new StoredPasd(name, system)))));
    }

    @TestFactory Stream<DynamicTest> runs() {
        return TinyPasd.isWhole() ? each(StoredSteps.having("pasd", "run.safetensors"), TinyPasd.stored(dir), StoredPasd::check) : Stream.of();
    }

    @TestFactory Stream<DynamicTest> steps() { return each(StoredSteps.having("pasd", "run.safetensors"), random(), StoredPasd::checkSteps); }

    @TestFactory Stream<DynamicTest> sizes() { return each(StoredSteps.having("pasd", "input.png"), random(), StoredPasd::checkSizes); }

    @Test void readsPromptsAsPublished() {
        assumeTrue(TinyPasd.isWhole(), "this set has no text encoder");
        JsonObject stages = Fixtures.json("pasd/pasd.json").getAsJsonObject("files").getAsJsonObject("stages.safetensors");
        String[] prompts = stages.getAsJsonArray("prompts").asList().stream().map(JsonElement::getAsString).toArray(String[]::new);
        Image photo = ImageFiles.read(Fixtures.path("pasd/stage_image.png"));
        with(TinyPasd.stored(dir), system -> {
            try (Scope _ = Scope.open()) {
                Options o = system.defaults();
                Tensor states = SdRun.given(system.model().base(), photo, ResultSize.of(o, photo), o, Listener.NONE, null).states(prompts);
                Fixtures.assertClose("prompts", states, Fixtures.open("pasd/stages.safetensors"), "prompt_embeds",
                        stages.getAsJsonObject("errors").getAsJsonObject("prompt_embeds").get("suggested_atol").getAsDouble());
            }
        });
    }

    /** The published scheduler for each number of steps in the tables, and the step whose noise is added to the first latents. */
    @Test void levelsAreThePublishedOnes() {
        JsonObject tables = Fixtures.json("pasd/pasd.json").getAsJsonObject("schedule").getAsJsonObject("tables");
        with(random(), system -> tables.asMap().forEach((steps, t) -> {
            SdModel base = system.model().base();
            Levels levels = Samplers.UNIPC.create(base.schedule, base.scheduler, Integer.parseInt(steps)).levels();
            assertThat(levels.timesteps()).containsExactly(numbers(t, "timesteps"));
            double[] sigmas = numbers(t, "sigmas");
            for (int i = 0; i < levels.steps(); i++) {
                assertThat(levels.from()[i]).isCloseTo((float) sigmas[i], withPercentage(1e-4));
                assertThat(levels.to()[i]).isCloseTo((float) sigmas[i + 1], withPercentage(1e-4));
                assertThat(Pasd.addedAt(levels, (int) levels.timesteps()[i])).isEqualTo(i);
            }
            assertThat(Pasd.addedAt(levels, 900)).isEqualTo(t.getAsJsonObject().get("index_used_by_add_noise_900").getAsInt());
        }));
    }

    private static double[] numbers(JsonElement table, String name) {
        JsonArray all = table.getAsJsonObject().getAsJsonArray(name);
        return all.asList().stream().mapToDouble(JsonElement::getAsDouble).toArray();
    }

    private static Image photo() { return ImageFiles.read(Fixtures.path("pasd/runs/default/lr.png")); }

    private static Options quick(Restorer r) { return r.defaults().with(PROCESS_SIZE, 64).with(STEPS, 3).with(SCALE, 2.0); }

    @Test void restores() {
        try (Restorer r = Restorers.open(random(), Device.CPU); Restorer dense = Restorers.open(TinyPasd.random(dir, true), Device.CPU)) {
            assertThat(r.defaults().get(STEPS)).isEqualTo(20);
            assertThat(r.defaults().get(GUIDANCE)).isEqualTo(9);
            assertThat(r.defaults().get(SCALE)).isEqualTo(1);
            Options own = quick(r);
            Image photo = photo(), result = r.restore(photo, own);
            assertThat(result).hasToString("Image " + 2 * photo.width() + "x" + 2 * photo.height());
            assertThat(r.restore(photo, own)).as("the same seed").isEqualTo(result);
            Map<String, Image> others = new LinkedHashMap<>(Map.of("default", result));
            List<Options> changed = List.of(own.with(SEED, 7L), own.with(PROMPT, "a photo"), own.with(Pasd.ADDED_NOISE, 666),
                    own.with(ControlOptions.START, ControlOptions.Start.NOISE), own.with(ControlOptions.CONTROL, 0.5), own.with(GUIDANCE, 1.0),
                    own.with(TILE, 64).with(OVERLAP, 0.75), own.with(STRENGTH, 0.5));
            for (Options o : changed) others.put(o.toString(), r.restore(photo, o));
            others.put("with dense blocks", dense.restore(photo, own));
            others.forEach((a, x) -> others.forEach((b, y) -> assertThat(a.equals(b) || !x.equals(y)).as("%s and %s differ", a, b).isTrue()));
            assertThatThrownBy(() -> r.restore(photo, own.with(STEPS, 1000))).hasMessageContaining("at most");
        }
    }

    /** The shorter side is enlarged to the process size, the longer in proportion. */
    @Test void enlargesWhatIsSmall() {
        Image photo = Image.of(30, 20, new byte[3 * 30 * 20]);
        ResultSize size = ResultSize.of(Options.defaults().with(SIZE, "45x30"), photo);
        assertThat(Pasd.enlarged(photo, size, 30)).hasToString("Image 45x30");
        assertThat(Pasd.enlarged(photo, size, 64)).hasToString("Image 96x64");
    }

    @Test void goesOnAfterAStep() { AnyRestorer.goesOnAfterAStep(random(), photo(), PasdTest::quick, dir.resolve("run.resume")); }

    @Test void givesTheSameOnAnotherDevice() { AnyRestorer.givesTheSameOnAnotherDevice(random(), photo(), PasdTest::quick); }
}
