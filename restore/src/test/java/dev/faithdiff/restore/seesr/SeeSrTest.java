package dev.faithdiff.restore.seesr;

import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.diffusion.Samplers;
import dev.faithdiff.restore.onestep.TinyBase;
import dev.faithdiff.restore.sd.AnyRestorer;
import dev.faithdiff.restore.sd.ControlOptions;
import dev.faithdiff.restore.sd.SdRestorer;
import dev.faithdiff.restore.sd.StoredSteps;
import dev.faithdiff.tensor.Device;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** SeeSR against the published implementation, and as a restorer like any other, where text encoder and autoencoder may be those of another model. */
@Tag("full")
class SeeSrTest {
    @TempDir static Path dir;

    /** A folder with all released files, and the model that they make with a base. @param name of the base's folder */
    private static synchronized Path converted(String name, Path base) {
        Path model = dir.resolve("model-" + name), files = dir.resolve("files");
        if (Files.exists(model)) return model;
        if (!Files.exists(files)) {
            copy(Fixtures.path("seesr/seesr"), files.resolve("seesr"));
            copy(Fixtures.path("osediff/ram"), files);
        }
        copy(base, dir.resolve(name));
        assertThat(dev.faithdiff.convert.Main.run("convert", files.toString(), "--base", dir.resolve(name).toString(), "--dtype", "f32", "-o",
                model.toString())).isZero();
        assertThat(dev.faithdiff.convert.Main.run("verify", model.toString())).isZero();
        return model;
    }

    private static void copy(Path from, Path to) {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path p : all.filter(Files::isRegularFile).toList()) {
                Path target = to.resolve(from.relativize(p).toString());
                Files.createDirectories(target.getParent());
                if (!Files.exists(target)) Files.copy(p, target);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path model() { return converted("base", TinyBase.base(dir.resolve("tiny"))); }

    private static Image photo() { return ImageFiles.read(Fixtures.path("seesr/stage_lr.png")); }

    private static Options quick(Restorer r) { return r.defaults().with(PROCESS_SIZE, 64).with(STEPS, 3).with(SCALE, 2.0); }

    @TestFactory Stream<DynamicTest> runs() {
        return StoredSteps.having(StoredSeeSr.GROUP, "run.safetensors").stream().map(name -> DynamicTest.dynamicTest(name, () -> {
            SeeSrModel m = SeeSrModel.open(new ModelFolder(converted("sd21-base", Fixtures.path("osediff/sd21-base"))), Compute.on(Device.CPU));
            try (var _ = m.base()) {
                new StoredSeeSr(name, new SeeSr(m)).check();
            }
        }));
    }

    @Test void promptsAreThePublishedOnes() {
        for (JsonElement e : StoredSteps.runs(StoredSeeSr.GROUP).asMap().values()) {
            JsonObject run = e.getAsJsonObject();
            Options o = Options.defaults().with(SdRestorer.ADDED_PROMPT, "clean, high-resolution, 8k")
                    .with(PROMPT, run.get("user_prompt").getAsString());
            assertThat(SeeSr.prompt(o, run.get("tags").getAsString())).isEqualTo(run.get("prompt").getAsString());
        }
        Options auto = Options.defaults().with(PROMPT, "auto");
        assertThat(SeeSr.prompt(auto, "cat")).as("its own tags are what is asked for").isEqualTo("cat, ,");
        assertThatThrownBy(() -> SeeSr.prompt(auto.with(PROMPT, "auto:another"), "cat")).hasMessageContaining("needs a captioner");
    }

    /** The steps of the published scheduler, for each number of steps in the tables. */
    @Test void stepsAreThePublishedOnes() {
        JsonObject tables = Fixtures.json("seesr/seesr.json").getAsJsonObject("schedule").getAsJsonObject("tables");
        SeeSrModel m = SeeSrModel.open(new ModelFolder(model()), Compute.on(Device.CPU));
        try (var base = m.base()) {
            for (String steps : tables.keySet()) {
                double[] expected = tables.getAsJsonObject(steps).getAsJsonArray("timesteps").asList().stream()
                        .mapToDouble(JsonElement::getAsDouble).toArray();
                assertThat(Samplers.DDPM.create(base.schedule, base.scheduler, Integer.parseInt(steps)).timesteps())
                        .containsExactly(expected);
            }
        }
    }

    @Test void restores() {
        try (Restorer r = Restorers.open(model(), Device.CPU)) {
            assertThat(r.defaults().get(STEPS)).isEqualTo(50);
            assertThat(r.defaults().get(GUIDANCE)).isEqualTo(5.5);
            Options own = quick(r);
            Image photo = photo(), result = r.restore(photo, own);
            assertThat(result).hasToString("Image " + 2 * photo.width() + "x" + 2 * photo.height());
            assertThat(r.restore(photo, own)).as("the same seed").isEqualTo(result);
            assertThat(r.restore(photo, own.with(PROMPT, "auto"))).as("its own tags").isEqualTo(result);
            Options untagged = own.with(SeeSr.TAGS, SeeSr.Tags.NONE);
            assertThat(List.of(r.restore(photo, own.with(SEED, 7L)), r.restore(photo, untagged), r.restore(photo, untagged.with(PROMPT, "a photo")),
                    r.restore(photo, own.with(ControlOptions.START, ControlOptions.Start.NOISE)),
                    r.restore(photo, own.with(ControlOptions.CONTROL, 0.5)), r.restore(photo, own.with(GUIDANCE, 1.0)),
                    r.restore(photo, own.with(TILE, 64).with(OVERLAP, 0.75)), r.restore(photo, own.with(STRENGTH, 0.5)), result))
                    .doesNotHaveDuplicates();
            assertThatThrownBy(() -> r.restore(photo, own.with(STEPS, 1))).hasMessageContaining("at least 2 steps");
        }
    }

    @Test void goesOnAfterAStep() { AnyRestorer.goesOnAfterAStep(model(), photo(), SeeSrTest::quick, dir.resolve("run.resume")); }

    @Test void givesTheSameOnAnotherDevice() { AnyRestorer.givesTheSameOnAnotherDevice(model(), photo(), SeeSrTest::quick); }

    /** SeeSR's U-Net stands for the base's, in which only the attention to the photo is SeeSR's. */
    @Test void turboHasFewStepsAndNoGuidance() {
        Path base = TinyBase.base(dir.resolve("tiny")), turbo = dir.resolve("turbo-parts");
        copy(base, turbo);
        try {
            for (String f : List.of("config.json", "diffusion_pytorch_model.safetensors")) {
                Files.createDirectories(turbo.resolve("unet"));
                Files.deleteIfExists(turbo.resolve("unet/model.safetensors"));
                Files.copy(Fixtures.path("seesr/seesr/unet/" + f), turbo.resolve("unet/" + f), StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        try (Restorer r = Restorers.open(converted("sd-turbo", turbo), Device.CPU)) {
            assertThat(r.defaults().get(STEPS)).isEqualTo(2);
            assertThat(r.defaults().get(GUIDANCE)).isEqualTo(1);
            assertThat(r.defaults().get(OVERLAP)).isCloseTo(64 / 96.0, within(1e-9));
            assertThat(r.restore(photo(), r.defaults().with(PROCESS_SIZE, 64).with(SCALE, 2.0)).width()).isEqualTo(2 * photo().width());
        }
    }
}
