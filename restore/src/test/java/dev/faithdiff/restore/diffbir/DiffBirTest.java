package dev.faithdiff.restore.diffbir;

import static dev.faithdiff.Fixtures.tensor;
import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static dev.faithdiff.restore.sd.SdRestorer.ADDED_PROMPT;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.FloatImage;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.diffusion.Denoising;
import dev.faithdiff.restore.diffusion.DiffusionLoop;
import dev.faithdiff.restore.diffusion.Levels;
import dev.faithdiff.restore.sd.Cleaner;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.restore.sd.SdRun;
import dev.faithdiff.restore.sd.SdTask;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Complete runs of DiffBIR's versions, stage by stage and whole, against the published implementation with its noise. */
@Tag("full")
class DiffBirTest {
    private static final JsonObject JSON = Fixtures.json("diffbir/diffbir.json");
    @TempDir static Path dir;

    static Set<String> runs() { return JSON.getAsJsonObject("runs").keySet(); }

    /** A stored run. */
    private static final class Stored {
        final String name;
        final JsonObject settings;
        final Fixtures tensors;
        final Image lr;
        private int drawn;

        Stored(String name) {
            this.name = name;
            settings = JSON.getAsJsonObject("runs").getAsJsonObject(name);
            tensors = Fixtures.open("diffbir/runs/" + name + "/run.safetensors");
            lr = ImageFiles.read(Fixtures.path("diffbir/runs/" + name + "/lr.png"));
        }

        String version() { return settings.get("version").getAsString(); }

        double number(String key) { return settings.get(key).getAsDouble(); }

        Options options(Options defaults) {
            boolean grows = settings.get("rescale_cfg").getAsBoolean();
            Options o = defaults.with(SCALE, number("up")).with(STEPS, (int) number("steps")).with(GUIDANCE, number("cfg"))
                    .parsed(DiffBir.SAMPLER, settings.get("sampler").getAsString())
                    .parsed(DiffBir.START, settings.get("start_point_type").getAsString())
                    .with(ADDED_PROMPT, settings.get("pos").getAsString()).with(NEGATIVE, settings.get("neg").getAsString())
                    .with(DiffBir.NOISE_AUG, (int) number("noise_aug")).with(DiffBir.CONTROL, number("strength"))
                    .with(DiffBir.COURSE, grows ? DiffBir.Course.GROWING : DiffBir.Course.CONSTANT).with(PROCESS_SIZE, (int) number("min_side"));
            if (settings.get("tiles").isJsonNull()) return o;
            JsonObject tiles = settings.getAsJsonObject("tiles");
            JsonArray cldm = tiles.getAsJsonArray("cldm_px"), cleaner = tiles.getAsJsonArray("cleaner");
            assertThat(tiles.get("vae_encoder_px")).isEqualTo(tiles.get("vae_decoder_px"));
            assertThat(cleaner.get(1).getAsDouble() / cleaner.get(0).getAsDouble()).isEqualTo(cldm.get(1).getAsDouble() / cldm.get(0).getAsDouble());
            return o.with(Cleaner.TILE, cleaner.get(0).getAsInt()).with(TILE, cldm.get(0).getAsInt())
                    .with(OVERLAP, cldm.get(1).getAsDouble() / cldm.get(0).getAsDouble());
        }

        /** Smaller than the option takes. */
        int vaeTile() { return settings.get("tiles").isJsonNull() ? 0 : settings.getAsJsonObject("tiles").get("vae_encoder_px").getAsInt(); }

        Tensor noise(int h, int w) {
            Tensor t = tensor(tensors, "noise." + drawn++);
            assertThat(t.shape().toArray()).isEqualTo(new int[] {1, h, w, t.size(3)});
            return t;
        }

        double atol(String tensor) {
            JsonObject errors = JSON.getAsJsonObject("files").getAsJsonObject("runs/" + name + "/run.safetensors").getAsJsonObject("errors");
            return errors.getAsJsonObject(tensor).get("suggested_atol").getAsDouble();
        }

        /** A black image of a stored one's size. */
        FloatImage blank(String tensor) {
            JsonArray shape = JSON.getAsJsonObject("files").getAsJsonObject("runs/" + name + "/run.safetensors").getAsJsonObject("tensors")
                    .getAsJsonArray(tensor);
            int h = shape.get(2).getAsInt(), w = shape.get(3).getAsInt();
            return new FloatImage(w, h, new float[3 * w * h]);
        }

        /** What is not stored in this set is not compared. */
        void check(String tensor, Tensor actual) {
            if (tensors.has(tensor)) Fixtures.assertClose(name + " " + tensor, actual, tensors, tensor, atol(tensor));
        }
    }

    @ParameterizedTest
    @MethodSource("runs")
    void givesThePublishedImage(String name) {
        Stored stored = new Stored(name);
        Path folder = TinyDiffBir.folder(dir, stored.version());
        try (SdModel model = SdModel.open(new ModelFolder(folder), Compute.on(Device.CPU)); Scope _ = Scope.open()) {
            DiffBir system = new DiffBir(model);
            Options o = stored.options(system.defaults());
            SdRun run = SdRun.given(model, stored.lr, ResultSize.of(o, stored.lr), o, Listener.NONE, stored::noise);
            boolean cleans = TinyDiffBir.hasCleaner(stored.version());
            FloatImage cleaned = cleans ? system.cleaned(run) : stored.blank("cleaned");
            if (cleans) stored.check("cleaned", cleaned.toTensor());
            Tensor latents = TinyDiffBir.hasVae() ? system.encoded(run, cleaned, stored.vaeTile()) : tensor(stored.tensors, "c_img");
            stored.check("c_img", latents);
            stored.check("cond.c_txt", run.states(stored.settings.get("pos").getAsString()));
            stored.check("uncond.c_txt", run.states(stored.settings.get("neg").getAsString()));
            SdTask task = system.begin(run, cleaned, latents, stored.vaeTile());
            Tensor after = denoised(stored, task);
            stored.check("latents", after);
            if (!TinyDiffBir.hasVae() || !TinyDiffBir.hasCleaner(stored.version())) return;
            FloatImage decoded = DiffBir.decoded(run, after.slice(1, 0, latents.size(1)).slice(2, 0, latents.size(2)), stored.vaeTile());
            stored.check("decoded", decoded.toTensor().affine(2, -1));
            FloatImage fixed = ColorFix.wavelet(decoded.topLeft(cleaned.width(), cleaned.height()), cleaned);
            stored.check("colour_fixed", fixed.toTensor());
            near(task.image().apply(after), ImageFiles.read(Fixtures.path("diffbir/runs/" + name + "/out.png")));
        }
    }

    private static Tensor denoised(Stored stored, SdTask task) {
        int h = task.start().size(1), w = task.start().size(2);
        Levels levels = task.plan().sampler().levels();
        boolean edm = stored.tensors.has("denoiser_input.0") || stored.settings.get("sampler").getAsString().startsWith("edm_");
        if (!edm) stored.check("x_T", task.start().mul(1));
        checkInput(stored, 0, task.start(), levels);
        DiffusionLoop.Watcher watcher = (at, clean) -> {
            stored.check("latents_after_step." + (at.step() - 1), at.latents());
            stored.check("denoised." + (at.step() - 1), clean.get());
            if (at.step() < levels.steps()) checkInput(stored, at.step(), at.latents(), levels);
        };
        Supplier<Tensor> noise = () -> stored.tensors.has("noise." + stored.drawn) ? stored.noise(h, w) : Tensor.of(new float[4 * h * w], 1, h, w, 4);
        try (Denoising d = new Denoising(task.plan(), task.start().mul(1), 0)) {
            return new DiffusionLoop(task.plan(), task.denoiser(), noise, watcher).run(d);
        }
    }

    /** The published state before a step is data plus noise; here it may keep the variance. */
    private static void checkInput(Stored stored, int step, Tensor latents, Levels levels) {
        stored.check("denoiser_input." + step, latents.mul((float) (1 / Levels.alpha(levels.from()[step]))));
    }

    private static void near(Image actual, Image expected) {
        assertThat(actual.toString()).isEqualTo(expected.toString());
        int far = 0, different = 0;
        for (int i = 0; i < actual.rgb().length; i++) {
            int d = Math.abs((actual.rgb()[i] & 0xff) - (expected.rgb()[i] & 0xff));
            far = Math.max(far, d);
            if (d > 0) different++;
        }
        assertThat(far).as("largest difference in levels").isLessThanOrEqualTo(1);
        assertThat(different).as("values that differ").isLessThan(actual.rgb().length / 500);
    }
}
