package dev.faithdiff.restore.dreamclear;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static dev.faithdiff.restore.dreamclear.TinyDreamClear.GROUP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.FloatImage;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Wrap;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Compute.NumberType;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Offload;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.diffusion.Denoising;
import dev.faithdiff.restore.diffusion.DiffusionLoop;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.sd.AnyRestorer;
import dev.faithdiff.restore.sd.Cleaner;
import dev.faithdiff.restore.sd.RoundedSize;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.restore.sd.SdRun;
import dev.faithdiff.restore.tiles.TileSource;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Backend;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** DreamClear's complete runs against the published implementation, and as a restorer like any other. */
@Tag("full")
class DreamClearTest {
    @TempDir static Path dir;

    private static JsonObject cases() { return Fixtures.json(GROUP + "runs.json").getAsJsonObject("cases"); }

    @TestFactory Stream<DynamicTest> runs() {
        assumeTrue(TinyDreamClear.isWhole(), "this set lacks DreamClear's networks");
        return cases().keySet().stream().map(name -> DynamicTest.dynamicTest(name, () -> check(name, cases().getAsJsonObject(name))));
    }

    private static void check(String name, JsonObject run) {
        DreamClearModel model = DreamClearModel.open(new ModelFolder(TinyDreamClear.stored(dir)), Compute.on(Device.CPU));
        try (SdModel base = model.base(); Scope _ = Scope.open()) {
            DreamClear system = new DreamClear(model);
            Image photo = ImageFiles.read(Fixtures.path(GROUP + "runs/" + name + "/lr.png")), out =
                    ImageFiles.read(Fixtures.path(GROUP + "runs/" + name + "/out.png"));
            Fixtures f = Fixtures.open(GROUP + "runs/" + name + "/run.safetensors");
            JsonObject errors = run.getAsJsonObject("errors");
            Options o = options(system, run, base.vae.config().downscale());
            int[] drawn = {0};
            SdRun r = SdRun.given(base, photo, ResultSize.of(o, photo), o, Listener.NONE, (_, _) -> Fixtures.tensor(f, "noise." + drawn[0]++));
            Image in = RoundedSize.enlarged(photo, r.size, o);
            assertThat(in).hasToString("Image " + run.get("width").getAsInt() + "x" + run.get("height").getAsInt());
            FloatImage cleaned = system.cleaned(r, in);
            int rows = f.shape("img_pre_rows_0_8").size(2), h = in.height() / 8, w = in.width() / 8;
            close(errors, "img_pre", cleaned.toTensor().slice(1, 0, rows), f, "img_pre_rows_0_8");
            Tensor clean = cleaned.toTensor().affine(2, -1);
            Tensor lq = system.latents(r, TileSource.of(in, Device.CPU, Wrap.NONE), h, w), pre = system.latents(r, TileSource.of(clean), h, w);
            close(errors, "c_lq", lq, f, "c_lq");
            close(errors, "c_pre", pre, f, "c_pre");
            Plan plan = system.plan(r, h, w);
            assertThat(plan.sampler().timesteps()).containsExactly(numbers(run.getAsJsonArray("timesteps_used")));
            Tensor start = system.start(r, plan.sampler(), pre);
            close(errors, "z_start", start, f, "z_start");
            DiffusionLoop.Watcher watcher = (at, _) -> {
                String step = "x_after_step." + (at.step() - 1);
                close(errors, step, at.latents(), f, step);
            };
            DiffusionLoop loop = new DiffusionLoop(plan, system.denoiser(o, plan, lq, pre), () -> r.noise(h, w), watcher);
            try (Denoising d = new Denoising(plan, start.mul(1), 0)) {
                Tensor latents = loop.run(d);
                FloatImage decoded = system.decoded(r, latents), aligned = DreamClear.aligned(o, decoded, cleaned);
                close(errors, "decoded", decoded.toTensor().affine(2, -1), f, "decoded");
                close(errors, "aligned", aligned.toTensor(), f, "aligned");
                near(DreamClear.image(r, aligned), out);
            }
        }
    }

    private static void close(JsonObject errors, String error, Tensor actual, Fixtures f, String name) {
        Fixtures.assertClose(name, actual, f, name, errors.getAsJsonObject(error).get("suggested_atol").getAsDouble());
    }

    /** Within a level: where the published code cuts off, the last bit of a float decides. */
    private static void near(Image actual, Image expected) {
        assertThat(actual).hasToString(expected.toString());
        byte[] a = actual.rgb(), b = expected.rgb();
        int others = 0;
        for (int i = 0; i < a.length; i++) {
            int apart = Math.abs((a[i] & 0xff) - (b[i] & 0xff));
            assertThat(apart).as("sample " + i).isLessThanOrEqualTo(1);
            others += apart;
        }
        assertThat(others).as("samples that differ").isLessThan(a.length / 100);
    }

    private static double[] numbers(JsonArray all) { return all.asList().stream().mapToDouble(e -> e.getAsDouble()).toArray(); }

    private static Options options(DreamClear system, JsonObject run, int down) {
        JsonObject given = run.getAsJsonObject("options");
        Options o = system.defaults().with(SCALE, given.get("up").getAsDouble()).with(PROCESS_SIZE, given.get("min_size").getAsInt())
                .with(STEPS, given.get("steps").getAsInt()).with(GUIDANCE, given.get("cfg").getAsDouble()).with(PROMPT, run.get("caption")
                        .getAsString())
                .with(DreamClear.START, given.get("lre").getAsBoolean() ? DreamClear.Start.CLEANED : DreamClear.Start.NOISE)
                .with(COLOR_FIX, given.get("align").getAsString().equals("adain") ? ColorFix.ADAIN : ColorFix.WAVELET);
        if (!given.has("tile")) return o;
        int tile = given.getAsJsonArray("tile").get(0).getAsInt(), overlap = given.getAsJsonArray("tile").get(1).getAsInt();
        return o.with(TILE, tile * down).with(OVERLAP, (tile - overlap) / (double) tile);
    }

    private static Image photo() { return ImageFiles.read(Fixtures.path(GROUP + "runs/default/lr.png")); }

    private static Options quick(Restorer r) { return r.defaults().with(SCALE, 2.0).with(PROCESS_SIZE, 64).with(STEPS, 3); }

    @Test void restores() {
        try (Restorer r = Restorers.open(TinyDreamClear.random(dir), Device.CPU)) {
            assertThat(r.defaults().get(STEPS)).isEqualTo(50);
            assertThat(r.defaults().get(GUIDANCE)).isEqualTo(4.5);
            assertThat(r.defaults().get(SCALE)).isEqualTo(4);
            assertThat(r.defaults().get(COLOR_FIX)).isEqualTo(ColorFix.WAVELET);
            Options own = quick(r);
            Image photo = photo(), result = r.restore(photo, own);
            assertThat(result).hasToString("Image " + 2 * photo.width() + "x" + 2 * photo.height());
            assertThat(r.restore(photo, own)).as("the same seed").isEqualTo(result);
            Map<String, Image> others = new LinkedHashMap<>(Map.of("default", result));
            List<Options> changed = List.of(own.with(DreamClear.SAMPLER, DreamClearSampler.DPM_SOLVER), own.with(SCALE, 4.0).with(Cleaner.TILE, 64),
                    own.with(SEED, 7L), own.with(PROMPT, "a photo"), own.with(DreamClear.START, DreamClear.Start.NOISE),
                    own.with(GUIDANCE, 1.0), own.with(STRENGTH, 0.5), own.with(COLOR_FIX, ColorFix.NONE), own.with(SCALE, 4.0), own.with(COLOR_FIX,
                    ColorFix.LAB));
            for (Options o : changed) others.put(o.toString(), r.restore(photo, o));
            others.forEach((a, x) -> others.forEach((b, y) -> assertThat(a.equals(b) || !x.equals(y)).as("%s and %s differ", a, b).isTrue()));
            assertThatThrownBy(() -> r.restore(photo, own.with(STEPS, 1))).hasMessageContaining("steps must be 2");
            assertThatThrownBy(() -> r.restore(photo, own.with(TILE, 72))).hasMessageContaining("multiple of 16");
            assertThatThrownBy(() -> r.restore(photo, own.with(Cleaner.TILE, 72))).hasMessage("cleaner-tile must be a multiple of 64, not 72");
        }
    }

    @Test void goesOnAfterAStep() {
        AnyRestorer.goesOnAfterAStep(TinyDreamClear.random(dir), photo(), DreamClearTest::quick, dir.resolve("run.resume"));
    }

    @Test void givesTheSameOnAnotherDevice() { AnyRestorer.givesTheSameOnAnotherDevice(TinyDreamClear.random(dir), photo(), DreamClearTest::quick); }

    /** Weights that come and go give the same, and take less memory of the device while it denoises. */
    @Test void offloads() {
        Path model = TinyDreamClear.random(dir);
        Image whole = null;
        List<Long> peaks = new ArrayList<>();
        for (Offload offload : List.of(Offload.NONE, Offload.STAGES, Offload.BLOCKS)) {
            try (Restorer r = Restorers.open(model, new Compute(Backend.device("second"), NumberType.F32, offload))) {
                Image result = r.restore(photo(), quick(r));
                if (whole == null) whole = result;
                assertThat(result).as(offload.toString()).isEqualTo(whole);
            }
            Device dry = Backend.device("dry");
            dry.pool().trim();
            long before = dry.pool().usedBytes();
            Listener steps = (stage, step, _) -> {
                if (stage.equals("denoise") && step == 0) dry.pool().resetPeak();
                if (stage.equals("decode")) peaks.add(dry.pool().peakUsedBytes() - before);
            };
            try (Restorer r = Restorers.open(model, new Compute(dry, NumberType.F32, offload))) {
                r.restore(Image.of(32, 32, new byte[3 * 32 * 32]), quick(r), steps);
            }
            assertThat(dry.pool().usedBytes()).as("all memory is given back").isEqualTo(before);
        }
        assertThat(peaks.get(1)).as("without the other networks").isLessThan(peaks.get(0) * 3 / 4);
        assertThat(peaks.get(2)).as("with two of its three blocks").isLessThan(peaks.get(1) * 4 / 5);
    }
}
