package dev.faithdiff.restore.pasd;

import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static dev.faithdiff.restore.sd.SdRestorer.ADDED_PROMPT;
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
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.Denoising;
import dev.faithdiff.restore.diffusion.DiffusionLoop;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.sd.ControlOptions;
import dev.faithdiff.restore.sd.SdRun;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;

/** A complete run of the published script, as the fixtures store it, done again stage by stage with its noise. */
final class StoredPasd {
    private final String name;
    private final JsonObject run;
    private final Pasd system;

    StoredPasd(String name, Pasd system) {
        this.name = name;
        this.system = system;
        run = runs().getAsJsonObject(name);
    }

    static JsonObject runs() { return Fixtures.json("pasd/pasd.json").getAsJsonObject("runs"); }

    private int whole(String key) { return run.get(key).getAsInt(); }

    private String text(String key) { return run.get(key).getAsString(); }

    private Path file(String image) { return Fixtures.path("pasd/runs/" + name + "/" + image); }

    private Fixtures stored() { return Fixtures.open("pasd/runs/" + name + "/run.safetensors"); }

    private Options options() {
        int tile = whole("latent_tiled_size"), down = system.model().base().vae.config().downscale();
        Options own = system.defaults();
        String caption = text("prompt").replace(own.get(ADDED_PROMPT), "");
        assertThat(own.get(NEGATIVE)).isEqualTo(text("negative_prompt"));
        return own.with(SCALE, (double) whole("upscale")).with(PROCESS_SIZE, whole("process_size")).with(PROMPT, caption)
                .with(STEPS, whole("num_inference_steps"))
                .with(GUIDANCE, run.get("guidance_scale").getAsDouble()).with(ControlOptions.CONTROL, run.get("conditioning_scale").getAsDouble())
                .with(ControlOptions.START, run.get("init_latent_with_noise").getAsBoolean() ? ControlOptions.Start.NOISE : ControlOptions.Start.LR)
                .with(Pasd.ADDED_NOISE, whole("added_noise_level")).with(TILE, tile * down)
                .with(OVERLAP, (tile - whole("latent_tiled_overlap")) / (double) tile).with(SEED, run.get("seed").getAsLong());
    }

    /** The photo in its sizes: as the networks see it, but for the sides that the published script cuts, and as it comes out. */
    void checkSizes() {
        Image lr = ImageFiles.read(file("lr.png")), in = ImageFiles.read(file("input.png"));
        ResultSize size = size(lr);
        Image enlarged = Pasd.enlarged(lr, size, whole("process_size"));
        assertThat(Resize.resize(enlarged, enlarged.width() / 8 * 8, enlarged.height() / 8 * 8, Filter.BICUBIC)).as("%s enlarged", name).isEqualTo(in);
        assertThat(List.of(size.width(), size.height())).isEqualTo(run.getAsJsonArray("final_size").asList().stream().map(JsonElement::getAsInt).toList());
        if (!Files.exists(file("out_wavelet.png"))) return;
        Image fixed = ImageFiles.read(file("out_wavelet.png"));
        near("out_wavelet", ColorFix.wavelet(ImageFiles.read(file("out_nofix.png")), in), fixed);
        if (Files.exists(file("final_wavelet.png"))) near("final", Resize.resize(fixed, size.width(), size.height(), Filter.BICUBIC),
                ImageFiles.read(file("final_wavelet.png")));
    }

    private ResultSize size(Image lr) { return ResultSize.of(options(), lr); }

    /** The latents of each step for the stored predictions. */
    void checkSteps() {
        try (Scope _ = Scope.open()) {
            Tensor first = tensor("start_latents");
            Denoiser stored = (_, at) -> tensor("eps." + at.step());
            latents(system.plan(run(options()), first.size(1), first.size(2)), stored, first, true);
        }
    }

    void check() {
        Image in = ImageFiles.read(file("input.png"));
        Options o = options();
        assertThat(Pasd.prompt(o)).isEqualTo(text("prompt"));
        try (Scope _ = Scope.open()) {
            SdRun r = run(o);
            Plan plan = system.plan(r, in.height() / 8, in.width() / 8);
            assertThat(plan.sampler().timesteps()).containsExactly(run.getAsJsonArray("timesteps").asList().stream().mapToDouble(JsonElement::getAsDouble).toArray());
            Tensor first = system.start(r, in, plan.sampler());
            check("start_latents", first);
            Denoiser denoiser = system.denoiser(r, in, plan);
            predictions(plan, denoiser);
            images(r, in, latents(plan, denoiser, first, false));
        }
    }

    /** Noise comes in the published order, and all of it is asked for before the steps. */
    private SdRun run(Options o) {
        Iterator<JsonElement> drawn = run.getAsJsonArray("noise_drawn_in_order").iterator();
        Image lr = ImageFiles.read(file("lr.png"));
        return SdRun.given(system.model().base(), lr, ResultSize.of(o, lr), o, Listener.NONE, (_, _) -> tensor(drawn.next().getAsString()));
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

    /** @param merged whether answers are those of the whole, so that no tiles are needed */
    private Tensor latents(Plan plan, Denoiser denoiser, Tensor first, boolean merged) {
        int h = first.size(1), w = first.size(2);
        Plan taken = merged ? new Plan(plan.schedule(), plan.sampler(), plan.guidance(), null,
                TileGrid.of(h, w, h, w, 1), true) : plan;
        DiffusionLoop.Watcher watcher = (at, _) -> check("latents." + (at.step() - 1), at.latents());
        try (Denoising d = new Denoising(taken, first.mul(1), 0); Scope s = Scope.open()) {
            return s.keep(new DiffusionLoop(taken, denoiser, () -> { throw new AssertionError("the sampler draws nothing"); }, watcher).run(d));
        }
    }

    /** A level more or less before a colour rule can be more behind it: there the rule is held against what it makes of the stored image. */
    private void images(SdRun r, Image in, Tensor latents) {
        Fixtures stored = stored();
        String rows = stored.names().stream().filter(n -> n.startsWith("decoded_rows_every_")).findFirst().orElseThrow();
        int apart = Integer.parseInt(rows.substring("decoded_rows_every_".length())), pitch = 3 * latents.size(2) * 8;
        float[] all = r.decode(latents, 0).values(), expected = stored.nhwc(rows), kept = new float[expected.length];
        for (int y = 0; y * pitch < kept.length; y++) System.arraycopy(all, y * apart * pitch, kept, y * pitch, pitch);
        Fixtures.assertClose(name + " " + rows, kept, expected, atol(rows));
        near("out_nofix", system.decoded(r, latents, in), ImageFiles.read(file("out_nofix.png")));
    }

    /** Within a level, and mostly equal. */
    private void near(String image, Image actual, Image expected) {
        assertThat(actual.toString()).as(image).isEqualTo(expected.toString());
        int far = 0, different = 0;
        for (int i = 0; i < actual.rgb().length; i++) {
            int d = Math.abs((actual.rgb()[i] & 0xff) - (expected.rgb()[i] & 0xff));
            far = Math.max(far, d);
            if (d > 0) different++;
        }
        assertThat(far).as("%s %s: largest difference in levels", name, image).isLessThanOrEqualTo(1);
        assertThat(different).as("%s %s: values that differ", name, image).isLessThan(actual.rgb().length / 50);
    }

    private Tensor tensor(String tensor) { return Fixtures.tensor(stored(), tensor); }

    private double atol(String tensor) { return run.getAsJsonObject("errors").getAsJsonObject(tensor).get("suggested_atol").getAsDouble(); }

    private void check(String tensor, Tensor actual) { Fixtures.assertClose(name + " " + tensor, actual, stored(), tensor, atol(tensor)); }

    /** The runs of which the set has a file. */
    static Stream<String> having(String file) {
        return runs().keySet().stream().filter(n -> Files.exists(Fixtures.path("pasd/runs/" + n + "/" + file)));
    }
}
