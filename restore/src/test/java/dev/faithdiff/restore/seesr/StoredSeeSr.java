package dev.faithdiff.restore.seesr;

import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.networks.unet.Shortcut;
import dev.faithdiff.restore.CommonOptions;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.caption.Tagger;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.Denoising;
import dev.faithdiff.restore.diffusion.DiffusionLoop;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.sd.ControlOptions;
import dev.faithdiff.restore.sd.ProcessSize;
import dev.faithdiff.restore.sd.SdRun;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A complete run of the published script, as the fixtures store it, done again stage by stage with its noise. */
final class StoredSeeSr {
    private static final String GROUP = "seesr";

    private final String name;
    private final JsonObject run;
    private final Fixtures stored;
    private final SeeSr system;

    StoredSeeSr(String name, SeeSr system) {
        this.name = name;
        this.system = system;
        run = runs().getAsJsonObject(name);
        stored = Fixtures.open(GROUP + "/runs/" + name + "/run.safetensors");
    }

    static JsonObject runs() { return Fixtures.json(GROUP + "/" + GROUP + ".json").getAsJsonObject("runs"); }

    /** The runs that the set has; the project's own set lacks them, since their networks are too large for it. */
    static Set<String> names() { return Files.exists(Fixtures.path(GROUP + "/runs")) ? runs().keySet() : Set.of(); }

    private int whole(String key) { return run.get(key).getAsInt(); }

    private String text(String key) { return run.get(key).getAsString(); }

    private Path file(String image) { return Fixtures.path(GROUP + "/runs/" + name + "/" + image + ".png"); }

    private Options options() {
        int tile = whole("latent_tiled_size"), down = system.model().base().vae.config().downscale();
        return system.defaults().with(SCALE, (double) whole("upscale")).with(PROCESS_SIZE, whole("process_size")).with(PROMPT, text("user_prompt"))
                .with(NEGATIVE, text("negative_prompt")).with(STEPS, whole("num_inference_steps"))
                .with(GUIDANCE, run.get("guidance_scale").getAsDouble()).with(ControlOptions.CONTROL, run.get("conditioning_scale").getAsDouble())
                .with(ControlOptions.START, text("start_point").equals("lr") ? ControlOptions.Start.LR : ControlOptions.Start.NOISE).with(TILE, tile * down)
                .with(OVERLAP, (tile - whole("latent_tiled_overlap")) / (double) tile).with(SEED, run.get("seed").getAsLong());
    }

    void check() {
        Image lr = ImageFiles.read(file("lr")), in = ImageFiles.read(file("input"));
        Options o = options();
        ResultSize size = ResultSize.of(o, lr);
        Image enlarged = ProcessSize.enlarged(lr, size, whole("process_size"));
        assertThat(Resize.resize(enlarged, enlarged.width() / 8 * 8, enlarged.height() / 8 * 8, Filter.BICUBIC)).as("%s enlarged", name).isEqualTo(in);
        try (Scope _ = Scope.open()) {
            SdRun r = run(lr, size, o);
            String tags = Tagger.joined(system.model().tagger().tags(system.model().tagger().embed(lr)));
            assertThat(tags).isEqualTo(text("tags"));
            assertThat(SeeSr.prompt(o, tags)).isEqualTo(text("prompt"));
            Tensor first = start(run(lr, size, o.with(VAE_TILE, encoderTile(in))), in);
            Plan plan = system.plan(r, first.size(1), first.size(2));
            assertThat(plan.sampler().timesteps()).containsExactly(run.getAsJsonArray("timesteps").asList().stream().mapToDouble(JsonElement::getAsDouble).toArray());
            Denoiser denoiser = system.denoiser(r, in, plan);
            predictions(plan, denoiser);
            images(r, in, size, latents(plan, denoiser, first));
        }
    }

    private SdRun run(Image lr, ResultSize size, Options o) {
        return SdRun.given(system.model().base(), lr, size, o, Listener.NONE, (_, _) -> { throw new AssertionError("all noise is given here"); });
    }

    /** The published side of the encoder's tiles, where an image is long enough for them. */
    private int encoderTile(Image in) {
        int tile = whole("vae_encoder_tiled_size");
        return Math.max(in.width(), in.height()) > tile + 64 ? tile : 0;
    }

    private Tensor start(SdRun r, Image in) {
        if (text("start_point").equals("noise")) {
            check("start_latents", tensor("initial_noise"));
            return tensor("initial_noise");
        }
        Tensor first = system.start(system.encoded(r, in), tensor("initial_noise"), tensor("vae_noise"));
        check("start_latents", first);
        return first;
    }

    /** The guided and merged answers for the stored latents. */
    private void predictions(Plan plan, Denoiser denoiser) {
        for (int i = 0; i < plan.steps(); i++) {
            Tensor x = tensor(i == 0 ? "start_latents" : "latents." + (i - 1));
            double t = plan.sampler().timesteps()[i];
            List<Tensor> answers = new ArrayList<>();
            for (int tile = 0; tile < plan.tiles(); tile++) {
                Denoiser.At at = new Denoiser.At(tile, i, t, plan.guidance().active(), Shortcut.NONE);
                answers.add(denoiser.predict(plan.grid().cut(x, plan.grid().tiles().get(tile)), at));
            }
            check("eps." + i, plan.guidance().apply(plan.grid().merge(answers), t));
        }
    }

    private Tensor latents(Plan plan, Denoiser denoiser, Tensor first) {
        int[] drawn = {0};
        DiffusionLoop.Watcher watcher = (at, _) -> check("latents." + (at.step() - 1), at.latents());
        try (Denoising d = new Denoising(plan, first.mul(1), 0); Scope s = Scope.open()) {
            return s.keep(new DiffusionLoop(plan, denoiser, () -> tensor("step_noise." + drawn[0]++), watcher).run(d));
        }
    }

    /** A level more or less before a colour rule can be more behind it: there the rule is held against what it makes of the stored image. */
    private void images(SdRun r, Image in, ResultSize size, Tensor latents) {
        rows(r, latents);
        Image decoded = system.decoded(r, latents, in), published = ImageFiles.read(file("out_nofix"));
        near("out_nofix", decoded, published);
        for (ColorFix fix : List.of(ColorFix.ADAIN, ColorFix.WAVELET)) {
            if (!Files.exists(file("out_" + fix))) continue;
            near("out_" + fix, SeeSr.coloured(published, in, r.options.with(CommonOptions.COLOR_FIX, fix)), ImageFiles.read(file("out_" + fix)));
        }
        Image last = ImageFiles.read(file("final_adain"));
        assertThat(last).hasToString("Image " + size.width() + "x" + size.height());
        near("final", Resize.resize(ImageFiles.read(file("out_adain")), size.width(), size.height(), Filter.BICUBIC), last);
    }

    /** Every so many rows of the decoded image, before it is cut to 8 bits. */
    private void rows(SdRun r, Tensor latents) {
        String rows = stored.names().stream().filter(n -> n.startsWith("decoded_rows_every_")).findFirst().orElseThrow();
        int apart = Integer.parseInt(rows.substring("decoded_rows_every_".length())), pitch = 3 * latents.size(2) * 8;
        float[] all = r.decode(latents, 0).values(), expected = stored.nhwc(rows), kept = new float[expected.length];
        for (int y = 0; y * pitch < kept.length; y++) System.arraycopy(all, y * apart * pitch, kept, y * pitch, pitch);
        Fixtures.assertClose(name + " " + rows, kept, expected, atol(rows));
    }

    /** Within a level, and mostly equal. */
    private void near(String file, Image actual, Image expected) {
        assertThat(actual.toString()).as(file).isEqualTo(expected.toString());
        int far = 0, different = 0;
        for (int i = 0; i < actual.rgb().length; i++) {
            int d = Math.abs((actual.rgb()[i] & 0xff) - (expected.rgb()[i] & 0xff));
            far = Math.max(far, d);
            if (d > 0) different++;
        }
        assertThat(far).as("%s %s: largest difference in levels", name, file).isLessThanOrEqualTo(1);
        assertThat(different).as("%s %s: values that differ", name, file).isLessThan(actual.rgb().length / 50);
    }

    private Tensor tensor(String tensor) { return Fixtures.tensor(stored, tensor); }

    private double atol(String tensor) { return run.getAsJsonObject("errors").getAsJsonObject(tensor).get("suggested_atol").getAsDouble(); }

    private void check(String tensor, Tensor actual) { Fixtures.assertClose(name + " " + tensor, actual, stored, tensor, atol(tensor)); }
}
