package dev.faithdiff.restore.stablesr;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.ETA;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.FloatImage;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.Denoising;
import dev.faithdiff.restore.diffusion.DiffusionLoop;
import dev.faithdiff.restore.sd.ControlOptions.Start;
import dev.faithdiff.restore.sd.SdRun;
import dev.faithdiff.restore.sd.SdTask;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.ResizeOp;
import java.util.ArrayList;
import java.util.List;

/** A complete run of a published script, as the fixtures store it, done again with its noise. */
final class StoredStableSr {
    private static final String AGAINST = "3d, cartoon, anime, sketches, (worst quality:2), (low quality:2)";

    private final String name;
    private final JsonObject settings;
    private final List<String> arguments;
    private final Fixtures tensors;
    private final Image lr;
    private int drawn;

    StoredStableSr(String name) {
        this.name = name;
        settings = Fixtures.json("stablesr/stablesr.json").getAsJsonObject("runs").getAsJsonObject(name);
        arguments = settings.getAsJsonArray("arguments").asList().stream().map(JsonElement::getAsString).toList();
        tensors = Fixtures.open("stablesr/runs/" + name + "/run.safetensors");
        lr = image("lr");
    }

    private Image image(String file) { return ImageFiles.read(Fixtures.path("stablesr/runs/" + name + "/" + file + ".png")); }

    boolean predictsVelocity() { return settings.get("parameterization").getAsString().equals("v"); }

    private boolean isDdim() { return settings.get("script").getAsString().contains("ddim"); }

    /** The script for one size alone, whose photo is enlarged otherwise. */
    private boolean isOld() { return settings.get("script").getAsString().endsWith("_old.py"); }

    private String argument(String key, String otherwise) {
        int at = arguments.indexOf("--" + key);
        return at < 0 ? otherwise : arguments.get(at + 1);
    }

    private double number(String key, double otherwise) { return Double.parseDouble(argument(key, "" + otherwise)); }

    private Options options(Options defaults) {
        double size = number("input_size", 512), tile = size / 8, piece = number("vqgantile_size", 1280);
        Options o = defaults.with(SCALE, number("upscale", size / lr.width())).with(PROCESS_SIZE, (int) size).with(TILE, (int) size)
                .with(OVERLAP, (tile - number("tile_overlap", 32 * tile / 64)) / tile).with(StableSr.FUSION, number("dec_w", 0.5))
                .with(STEPS, (int) number(isDdim() ? "ddim_steps" : "ddpm_steps", 0)).with(StableSr.IMAGE_TILE, (int) piece)
                .with(StableSr.IMAGE_OVERLAP, number("vqgantile_stride", 1000) / piece)
                .parsed(COLOR_FIX, argument("colorfix_type", "nofix").replace("nofix", ColorFix.NONE.toString()));
        if (isOld()) return o.with(StableSr.START, Start.NOISE);
        if (!isDdim()) return o;
        o = o.with(StableSr.SAMPLER, StableSrSampler.DDIM).with(ETA, number("ddim_eta", 0)).with(GUIDANCE, number("scale", 7));
        return arguments.contains("--use_negative_prompt") ? o.with(NEGATIVE, AGAINST) : o;
    }

    private Tensor noise() { return tensor("noise." + drawn++); }

    private Tensor tensor(String tensor) { return Fixtures.tensor(tensors, tensor); }

    /** Within the tolerance, where it is stored: what runs share is kept in some of them. */
    private void check(String tensor, Tensor actual) {
        if (!tensors.has(tensor)) return;
        double atol = Fixtures.json("stablesr/stablesr.json").getAsJsonObject("files").getAsJsonObject("runs/" + name + "/run.safetensors")
                .getAsJsonObject("errors").getAsJsonObject(tensor).get("suggested_atol").getAsDouble();
        Fixtures.assertClose(name + " " + tensor, actual, tensors, tensor, atol);
    }

    private static Tensor signed(FloatImage image) { return image.toTensor().affine(2, -1); }

    void check(StableSrModel model) {
        StableSr system = new StableSr(model);
        Options o = options(system.defaults());
        system.check(o);
        ResultSize size = ResultSize.of(o, lr);
        Pieces[] pieces = new Pieces[1];
        SdRun run = SdRun.given(model.base(), lr, size, o, Listener.NONE, (h, w) -> {
            Tensor t = noise();
            return h == t.size(1) ? t : pieces[0].each(t); // that of a step is the whole's
        });
        FloatImage enlarged = isOld() ? old() : system.enlarged(run), padded = StableSr.padded(enlarged);
        pieces[0] = Pieces.of(padded, o.get(StableSr.IMAGE_TILE), o.get(StableSr.IMAGE_OVERLAP));
        List<Tensor> latents = new ArrayList<>();
        for (int i = 0; i < pieces[0].count(); i++) {
            FloatImage photo = pieces[0].cut(padded, i);
            check("colour_source." + i, signed(photo));
            latents.add(isOld() ? Vae.Gaussian.of(model.decoder().vae().encode(signed(photo))).sample(tensor("noise.0"))
                    .mul(model.base().vae.config().scaling()) : system.latents(run, photo, tensor("noise.0")));
            check("init_latent." + i, latents.getLast());
        }
        Tensor whole = pieces[0].whole(latents);
        SdTask task;
        if (isOld()) {
            drawn = 1; // the photo's is drawn
            task = system.begin(run, pieces[0], whole, null);
        } else {
            task = system.begin(run);
        }
        if (o.get(StableSr.START) == null && !isDdim()) for (int i = 0; i < pieces[0].count(); i++) check("q_sample." + i,
                pieces[0].part(task.start(), i));
        check("text." + (isDdim() ? 1 : 0), run.states(o.get(NEGATIVE)));
        Tensor clean = denoised(task, model, whole, pieces[0]);
        images(system, run, clean, padded, pieces[0]);
        FloatImage result = system.restored(run, clean, padded, pieces[0]);
        if (isOld()) {
            near(result.cut(8), image("out"));
            return;
        }
        boolean shrinks = enlarged.width() > size.width(), isPadded = padded != enlarged;
        Image own = task.image().apply(clean);
        assertThat(own.toString()).isEqualTo("Image " + size.width() + "x" + size.height());
        near(shrinks && isPadded ? shrunkFirst(result, enlarged, size) : own, image("out"));
    }

    /** As the script for one size enlarges a photo whose sides need no cut. */
    private FloatImage old() {
        int side = (int) number("input_size", 512);
        try (Scope _ = Scope.open()) {
            Tensor x = FloatImage.of(lr).toTensor().resize(new ResizeOp(ResizeOp.Kind.BILINEAR, false, side, side));
            return new FloatImage(side, side, x.toFloats());
        }
    }

    /** The published order: the padded result is shrunk, and then cut as if it were not. */
    private static Image shrunkFirst(FloatImage result, FloatImage enlarged, ResultSize size) {
        double scale = (double) size.height() / enlarged.height();
        FloatImage small = StableSr.resized(result, (int) (result.width() * scale), (int) (result.height() * scale));
        return small.topLeft(enlarged.width(), enlarged.height()).cut(8);
    }

    private Tensor denoised(SdTask task, StableSrModel model, Tensor latents, Pieces pieces) {
        int steps = task.plan().steps(), count = pieces.count();
        Denoiser network = (x, at) -> {
            Tensor answer = task.denoiser().predict(x, at);
            if (at.step() > 0 || at.tile() > 0) return answer;
            check("first_call.x", at.guided() ? x.concat(0, x) : x);
            assertThat(at.timestep()).isEqualTo(tensors.longs("first_call.t")[0]);
            check("first_call.out", answer);
            Tensor seen = task.plan().grid().cut(latents, task.plan().grid().tiles().getFirst());
            for (Tensor map : model.structure().forward(seen, (float) at.timestep())) check("first_call.struct_" + map.size(2), map);
            return answer;
        };
        DiffusionLoop.Watcher watcher = (at, _) -> {
            for (int i = 0; i < count; i++) check("latents_after_step." + (i * steps + at.step() - 1), pieces.part(at.latents(), i));
        };
        try (Denoising d = new Denoising(task.plan(), task.start().mul(1), 0); Scope s = Scope.open()) {
            Tensor result = new DiffusionLoop(task.plan(), network, () -> pieces.each(noise()), watcher).run(d);
            assertThat(tensors.has("latents_after_step." + (count * steps - 1))).as("all steps are compared").isTrue();
            return s.keep(result);
        }
    }

    private void images(StableSr system, SdRun run, Tensor clean, FloatImage padded, Pieces pieces) {
        for (int i = 0; i < pieces.count(); i++) {
            FloatImage photo = pieces.cut(padded, i), decoded = system.decoded(run, pieces.part(clean, i), photo);
            check("decoded." + i, signed(decoded));
            check("colour_fixed." + i, signed(run.options.get(COLOR_FIX).apply(decoded, photo)));
        }
    }

    /** Within a level, and mostly equal. */
    private void near(Image actual, Image expected) {
        assertThat(actual.toString()).as(name).isEqualTo(expected.toString());
        int far = 0, different = 0;
        for (int i = 0; i < actual.rgb().length; i++) {
            int d = Math.abs((actual.rgb()[i] & 0xff) - (expected.rgb()[i] & 0xff));
            far = Math.max(far, d);
            if (d > 0) different++;
        }
        assertThat(far).as("%s: largest difference in levels", name).isLessThanOrEqualTo(1);
        assertThat(different).as("%s: values that differ", name).isLessThan(actual.rgb().length / 500);
    }
}
