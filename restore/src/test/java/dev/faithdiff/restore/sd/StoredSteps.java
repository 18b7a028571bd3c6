package dev.faithdiff.restore.sd;

import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.networks.unet.Shortcut;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.Denoising;
import dev.faithdiff.restore.diffusion.DiffusionLoop;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A complete run of a published script whose tiles are merged at each step, as the fixtures store it.
 *
 * @param run what {@code GROUP.json} says of it
 */
public record StoredSteps(String group, String name, JsonObject run) {
    public static StoredSteps of(String group, String name) { return new StoredSteps(group, name, runs(group).getAsJsonObject(name)); }

    /** All runs, by name. */
    public static JsonObject runs(String group) { return Fixtures.json(group + "/" + group + ".json").getAsJsonObject("runs"); }

    /** The runs of which the set has a file; the project's own set may lack them, where their networks are too large for it. */
    public static List<String> having(String group, String file) {
        return runs(group).keySet().stream().filter(n -> Files.exists(of(group, n).file(file))).toList();
    }

    public int whole(String key) { return run.get(key).getAsInt(); }

    public String text(String key) { return run.get(key).getAsString(); }

    public Path file(String file) { return Fixtures.path(group + "/runs/" + name + "/" + file); }

    public Image image(String image) { return ImageFiles.read(file(image + ".png")); }

    /** A system's options with what all scripts have. @param down pixels of a latent */
    public Options options(Options own, int down) {
        int tile = whole("latent_tiled_size");
        return own.with(SCALE, (double) whole("upscale")).with(PROCESS_SIZE, whole("process_size")).with(STEPS, whole("num_inference_steps"))
                .with(GUIDANCE, run.get("guidance_scale").getAsDouble()).with(ControlOptions.CONTROL, run.get("conditioning_scale").getAsDouble())
                .with(TILE, tile * down).with(OVERLAP, (tile - whole("latent_tiled_overlap")) / (double) tile)
                .with(SEED, run.get("seed").getAsLong());
    }

    private Fixtures stored() { return Fixtures.open(group + "/runs/" + name + "/run.safetensors"); }

    public Tensor tensor(String tensor) { return Fixtures.tensor(stored(), tensor); }

    private double atol(String tensor) { return run.getAsJsonObject("errors").getAsJsonObject(tensor).get("suggested_atol").getAsDouble(); }

    public void check(String tensor, Tensor actual) { Fixtures.assertClose(name + " " + tensor, actual, stored(), tensor, atol(tensor)); }

    /** The enlarged photo, but for the sides that the published scripts cut. */
    public void checkEnlarged(Image enlarged) {
        int w = enlarged.width() / Controlled.PADDING * Controlled.PADDING, h = enlarged.height() / Controlled.PADDING * Controlled.PADDING;
        assertThat(Resize.resize(enlarged, w, h, Filter.BICUBIC)).as("%s enlarged", name).isEqualTo(image("input"));
    }

    public void checkTimesteps(Plan plan) {
        double[] stored = run.getAsJsonArray("timesteps").asList().stream().mapToDouble(JsonElement::getAsDouble).toArray();
        assertThat(plan.sampler().timesteps()).containsExactly(stored);
    }

    /** The guided and merged answers for the stored latents. */
    public void checkPredictions(Plan plan, Denoiser denoiser) {
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

    /** The last latents; those of each step are held against the stored ones. Samplers that draw get the stored noise. */
    public Tensor latents(Plan plan, Denoiser denoiser, Tensor first) {
        int[] drawn = {0};
        DiffusionLoop.Watcher watcher = (at, _) -> check("latents." + (at.step() - 1), at.latents());
        try (Denoising d = new Denoising(plan, first.mul(1), 0); Scope s = Scope.open()) {
            return s.keep(new DiffusionLoop(plan, denoiser, () -> tensor("step_noise." + drawn[0]++), watcher).run(d));
        }
    }

    /** The image of the last latents before its colours are matched. */
    public void checkDecoded(SdRun r, Tensor latents) {
        checkRows(r, latents);
        checkNear("out_nofix", Controlled.decoded(r, latents, image("input")), image("out_nofix"));
    }

    /** Every so many rows of the decoded image, before it is cut to 8 bits. */
    private void checkRows(SdRun r, Tensor latents) {
        Fixtures stored = stored();
        String rows = stored.names().stream().filter(n -> n.startsWith("decoded_rows_every_")).findFirst().orElseThrow();
        int apart = Integer.parseInt(rows.substring("decoded_rows_every_".length())), pitch = 3 * latents.size(2) * 8;
        float[] all = r.decode(latents, 0).values(), expected = stored.nhwc(rows), kept = new float[expected.length];
        for (int y = 0; y * pitch < kept.length; y++) System.arraycopy(all, y * apart * pitch, kept, y * pitch, pitch);
        Fixtures.assertClose(name + " " + rows, kept, expected, atol(rows));
    }

    /** Within a level, and mostly equal. */
    public void checkNear(String image, Image actual, Image expected) {
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
}
