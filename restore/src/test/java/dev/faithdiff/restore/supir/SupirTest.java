package dev.faithdiff.restore.supir;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.CHURN;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE_PROMPTS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.faithdiff.Fixtures;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.sd.AnyRestorer;
import dev.faithdiff.restore.sd.ControlOptions;
import dev.faithdiff.restore.sd.RoundedSize;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.tensor.Device;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** SUPIR against the published implementation where the set has its networks, and as a restorer like any other. */
class SupirTest {
    @TempDir static Path dir;

    /** The runs of a set that has the networks. */
    @TestFactory Stream<DynamicTest> runs() {
        if (!TinySupir.isWhole()) return Stream.of();
        return StoredSupir.runs().keySet().stream().flatMap(name -> IntStream.range(0, StoredSupir.rows(name)).mapToObj(row ->
                DynamicTest.dynamicTest(name + " " + row, () -> run(name, row))));
    }

    private static void run(String name, int row) {
        String version = StoredSupir.runs().getAsJsonObject(name).getAsJsonObject("options").get("sign").getAsString();
        SupirModel m = SupirModel.open(new ModelFolder(TinySupir.stored(dir, version)), Compute.on(Device.CPU));
        try (SdModel _ = m.base()) {
            new StoredSupir(name, new Supir(m), row).check();
        }
    }

    private static Image photo() { return ImageFiles.read(Fixtures.path("supir/runs/default_q/lr.png")); }

    private static Options quick(Restorer r) { return r.defaults().with(PROCESS_SIZE, 64).with(STEPS, 3).with(SCALE, 2.0); }

    @Test void startsAsTheScriptDoes() {
        try (Restorer r = Restorers.open(TinySupir.drawn(dir), Device.CPU)) {
            Options o = r.defaults();
            assertThat(List.of(o.get(STEPS), o.get(GUIDANCE), o.get(SupirOptions.GUIDANCE_START), o.get(CHURN), o.get(SupirOptions.NOISE),
                    o.get(ControlOptions.CONTROL), o.get(SCALE), o.get(PROCESS_SIZE), o.get(SEED)))
                    .hasToString("[50, 4.0, 1.0, 5.0, 1.01, 1.0, 1.0, 1024, 1234]");
            assertThat(o.get(COLOR_FIX)).isEqualTo(ColorFix.WAVELET);
            assertThatThrownBy(() -> r.check(o.with(SupirOptions.SAMPLER, SupirSampler.DPMPP_2M).with(SupirOptions.RESTORATION, 4.0)))
                    .hasMessage("the sampler dpm++2m takes no restoration-power");
        }
    }

    /** Every option changes the result, and nothing else does. */
    @Tag("full") @Test void restores() {
        try (Restorer r = Restorers.open(TinySupir.drawn(dir), Device.CPU)) {
            Options own = quick(r);
            Image photo = photo(), result = r.restore(photo, own);
            assertThat(result).hasToString("Image " + 2 * photo.width() + "x" + 2 * photo.height());
            assertThat(r.restore(photo, own)).as("the same seed").isEqualTo(result);
            Map<String, Image> others = new LinkedHashMap<>(Map.of("default", result));
            Options wide = own.with(SCALE, 5.0), tiled = wide.with(TILE, 64);
            List<Options> changed = List.of(own.with(SEED, 7L), own.with(PROMPT, "a photo"), own.with(CHURN, 0.0), own.with(GUIDANCE, 7.0),
                    own.with(SupirOptions.NOISE, 1.5), own.with(SupirOptions.GUIDANCE_START, 5.0), own.with(ControlOptions.CONTROL, 0.5),
                    own.with(SupirOptions.CONTROL_START, 0.2), own.with(SupirOptions.RESTORATION, 2.0), own.with(STRENGTH, 0.5),
                    own.with(SupirOptions.SAMPLER, SupirSampler.DPMPP_2M), own.with(COLOR_FIX, ColorFix.ADAIN), own.with(COLOR_FIX, ColorFix.LAB),
                    own.with(COLOR_FIX, ColorFix.NONE), wide, tiled, wide.with(VAE_TILE, 64));
            for (Options o : changed) others.put(o.toString(), r.restore(photo, o));
            others.forEach((a, x) -> others.forEach((b, y) -> assertThat(a.equals(b) || !x.equals(y)).as("%s and %s differ", a, b).isTrue()));
            assertThatThrownBy(() -> r.restore(photo, tiled.with(TILE_PROMPTS, "one|two"))).hasMessageContaining("2 texts, but there are");
        }
    }

    /** A result of the drawn networks from when the published runs were met; it passes through tiles, guidance, control and pull. */
    @Test void givesTheGoldenResult() {
        Path golden = Fixtures.path("supir/golden.png");
        assumeTrue(Files.exists(golden), "this set has no result of drawn networks");
        try (Restorer r = Restorers.open(TinySupir.drawn(dir), Device.CPU)) {
            Options o = quick(r).with(SCALE, 1.0).with(STEPS, 2).with(TILE, 64).with(SupirOptions.RESTORATION, 2.0)
                    .with(SupirOptions.CONTROL_START, 0.5).with(TILE_PROMPTS, "a cup|coffee|a table");
            Image own = r.restore(photo().crop(0, 0, 40, 20), o);
            if (System.getProperty("golden.write") != null) ImageFiles.write(own, Path.of(System.getProperty("golden.write")));
            StoredSupir.near("golden", own, ImageFiles.read(golden));
        }
    }

    /** What a captioner sees: the tiles of the restoration, as the robust encoder leaves them, whatever the noise. */
    @Test void cutsTheCleanedPhotoForACaptioner() {
        try (Restorer r = Restorers.open(TinySupir.drawn(dir), Device.CPU)) {
            Options o = quick(r).with(SCALE, 1.0).with(TILE, 64);
            Image photo = photo().crop(0, 0, 40, 20);
            List<Image> tiles = r.tiles(photo, o);
            assertThat(tiles).hasSize(3).allMatch(t -> t.width() == 64 && t.height() == 64);
            assertThat(tiles.get(0).crop(32, 0, 32, 64)).as("tiles overlap by half").isEqualTo(tiles.get(1).crop(0, 0, 32, 64));
            assertThat(r.tiles(photo, o.with(SEED, 7L))).isEqualTo(tiles);
            Image enlarged = RoundedSize.enlarged(photo, ResultSize.of(o, photo), o);
            assertThat(tiles.get(0)).as("cleaned").isNotEqualTo(enlarged.crop(0, 0, 64, 64));
            assertThat(r.tiles(photo, o.with(TILE, 1024))).singleElement().hasToString("Image 128x64");
        }
    }

    @Tag("full") @Test void goesOnAfterAStep() {
        AnyRestorer.goesOnAfterAStep(TinySupir.drawn(dir), photo(), r -> quick(r).with(SupirOptions.SAMPLER, SupirSampler.DPMPP_2M),
                dir.resolve("run.resume"));
    }

    @Tag("full") @Test void givesTheSameOnAnotherDevice() {
        AnyRestorer.givesTheSameOnAnotherDevice(TinySupir.drawn(dir), photo(), SupirTest::quick);
    }
}
