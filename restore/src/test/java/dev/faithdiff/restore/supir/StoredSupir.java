package dev.faithdiff.restore.supir;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.CHURN;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE_PROMPTS;
import static dev.faithdiff.restore.sd.ControlOptions.CONTROL;
import static dev.faithdiff.restore.sd.SdRestorer.ADDED_PROMPT;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.FloatImage;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Wrap;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.networks.clip.PromptEncoder.Prompt;
import dev.faithdiff.networks.unet.Shortcut;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.Denoising;
import dev.faithdiff.restore.diffusion.DiffusionLoop;
import dev.faithdiff.restore.diffusion.Levels;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.sd.RoundedSize;
import dev.faithdiff.restore.sd.SdRun;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.restore.tiles.TileSource;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** One stored run of the published script, and this system's work against it, stage by stage. */
final class StoredSupir {
    private final String name;
    private final Supir system;
    private final JsonObject run, given;
    private final Fixtures stored;
    private final int row;
    private int drawn;

    /** @param row which of the run's results */
    StoredSupir(String name, Supir system, int row) {
        this.name = name;
        this.system = system;
        this.row = row;
        run = runs().getAsJsonObject(name);
        given = run.getAsJsonObject("options");
        stored = Fixtures.open("supir/runs/" + name + "/run.safetensors");
    }

    static JsonObject runs() { return Fixtures.json("supir/runs.json").getAsJsonObject("cases"); }

    /** How many results a run has. */
    static int rows(String name) {
        JsonObject options = runs().getAsJsonObject(name).getAsJsonObject("options");
        return options.has("n") ? options.get("n").getAsInt() : 1;
    }

    private Path file(String file) { return Fixtures.path("supir/runs/" + name + "/" + file); }

    private double number(String option, double otherwise) { return given.has(option) ? given.get(option).getAsDouble() : otherwise; }

    private boolean flag(String option) { return given.has(option) && given.get(option).getAsBoolean(); }

    private Options options() {
        Options own = system.defaults();
        assertThat(own.get(ADDED_PROMPT)).isEqualTo(run.get("a_prompt").getAsString());
        assertThat(own.get(NEGATIVE)).isEqualTo(run.get("n_prompt").getAsString());
        double cfg = number("cfg", 0), restore = number("restore", -1);
        Options o = own.with(SCALE, number("up", 1)).with(PROCESS_SIZE, (int) number("min_size", 0)).with(STEPS, (int) number("steps", 0))
                .with(SupirOptions.RESTORATION, restore > 0 ? restore : null).with(CHURN, number("churn", 0))
                .with(SupirOptions.NOISE, number("noise", 0)).with(GUIDANCE, cfg)
                .with(SupirOptions.GUIDANCE_START, flag("lin_cfg") ? number("cfg_start", 0) : cfg).with(CONTROL, number("s2", 1))
                .with(SupirOptions.CONTROL_START, flag("lin_s2") ? number("s2_start", 0) : null).with(SEED, (long) number("seed", 0))
                .with(COLOR_FIX, ColorFix.valueOf(given.get("fix").getAsString().toUpperCase(Locale.ROOT)))
                .with(SupirOptions.SAMPLER, run.get("sampler").getAsString().contains("DPMPP2M") ? SupirSampler.DPMPP_2M : SupirSampler.EDM);
        if (given.has("tile")) {
            double tile = given.getAsJsonArray("tile").get(0).getAsInt(), stride = given.getAsJsonArray("tile").get(1).getAsInt();
            o = o.with(TILE, (int) tile * 8).with(OVERLAP, stride / tile);
        }
        JsonElement prompt = run.get("prompt");
        if (!prompt.isJsonArray()) return o.with(PROMPT, prompt.getAsString());
        return o.with(TILE_PROMPTS, String.join("|", prompt.getAsJsonArray().asList().stream().map(JsonElement::getAsString).toList()));
    }

    private Tensor tensor(String tensor) {
        Tensor all = Fixtures.tensor(stored, tensor);
        return all.size(0) == 1 ? all : all.slice(0, row, row + 1);
    }

    private double atol(String tensor) { return run.getAsJsonObject("errors").getAsJsonObject(tensor).get("suggested_atol").getAsDouble(); }

    private void check(String tensor, Tensor actual) {
        Fixtures.assertClose(name + " " + tensor, actual.toFloats(), tensor(tensor).toFloats(), atol(tensor));
    }

    private void check(String tensor, FloatImage actual) {
        Fixtures.assertClose(name + " " + tensor, actual.rgb(), tensor(tensor).toFloats(), atol(tensor));
    }

    private Tensor noise() { return tensor("noise." + drawn++); }

    void check() {
        Image lr = ImageFiles.read(file("lr.png"));
        Options o = options();
        system.check(o);
        ResultSize size = ResultSize.of(o, lr);
        assertThat(List.of(size.height(), size.width())).isEqualTo(List.of(run.get("h0").getAsInt(), run.get("w0").getAsInt()));
        try (Scope _ = Scope.open()) {
            SdRun r = SdRun.given(system.model().base(), lr, size, o, Listener.NONE, (_, _) -> noise());
            Image in = RoundedSize.enlarged(lr, size, o);
            assertThat(List.of(in.height(), in.width())).isEqualTo(List.of(run.get("h").getAsInt(), run.get("w").getAsInt()));
            int kept = stored.shape("lq").size(2);
            Fixtures.assertClose(name + " lq", in.crop(0, 0, in.width(), kept).toFloats(), tensor("lq").toFloats(), 1e-6);
            int h = in.height() / 8, w = in.width() / 8;
            Tensor photo = system.photo(r, TileSource.of(in, Device.CPU, Wrap.NONE), h, w);
            check("z_lq", photo);
            FloatImage seen = system.decoded(r, photo, "encode");
            check("x_stage1", seen);
            Tensor first = system.first(r, seen, r.hostNoise(h, w));
            check("z_stage1", first);
            SupirSteps steps = system.steps(r, h, w);
            List<Prompt> prompts = system.prompts(r, steps);
            Tensor start = system.start(r, steps, first, h, w);
            Tensor latents = latents(steps, new SupirDenoiser(system.model(), steps, prompts, photo, first), start);
            assertThat(drawn).as("noises that were drawn").isEqualTo(run.getAsJsonArray("noise_use").size());
            FloatImage decoded = system.decoded(r, latents, "decode");
            check("decoded", decoded);
            ColorFix fix = o.get(COLOR_FIX);
            check("samples", fix == ColorFix.WAVELET ? ColorFix.wavelet(decoded, seen) : fix == ColorFix.ADAIN
                    ? ColorFix.adain(decoded, seen) : decoded);
            near(name, Supir.image(r, decoded, seen), ImageFiles.read(file("out" + row + ".png")));
            captioner(lr);
        }
    }

    /** The picture that the published script shows its captioner: decoded from the photo's latents, at a size of its own. */
    private void captioner(Image lr) {
        JsonArray s = run.getAsJsonArray("captioner_size");
        int h0 = s.get(0).getAsInt(), w0 = s.get(1).getAsInt(), side = Math.min(h0, w0);
        Options o = options().with(SCALE, side / (double) Math.min(lr.width(), lr.height())).with(PROCESS_SIZE, 64);
        ResultSize size = new ResultSize(w0, h0);
        SdRun r = SdRun.given(system.model().base(), lr, size, o, Listener.NONE, null);
        Image in = RoundedSize.enlarged(lr, size, o);
        assertThat(List.of(in.height(), in.width())).isEqualTo(List.of(s.get(2).getAsInt(), s.get(3).getAsInt()));
        FloatImage seen = system.decoded(r, system.photo(r, TileSource.of(in, Device.CPU, Wrap.NONE), in.height() / 8, in.width() / 8), "encode");
        near(name + " captioner", Supir.resized(seen.rgb(), seen.width(), seen.height(), size, 8), ImageFiles.read(file("captioner.png")));
    }

    private Tensor latents(SupirSteps steps, SupirDenoiser denoiser, Tensor start) {
        Plan plan = steps.plan();
        Levels levels = plan.sampler().levels();
        double[] sigmas = run.getAsJsonArray("sigmas").asList().stream().mapToDouble(JsonElement::getAsDouble).toArray();
        assertThat(plan.steps()).isEqualTo(sigmas.length - 1);
        if (run.get("tiles").isJsonArray()) tiles(steps, denoiser, start, 0);
        DiffusionLoop.Watcher watcher = (at, _) -> {
            int step = at.step() - 1;
            if (step == plan.steps() - 2 && run.get("tiles").isJsonArray()) tiles(steps, denoiser, at.latents(), step + 1);
            String after = "x_after_step." + step;
            if (stored.has(after)) check(after, plain(at.latents(), steps, levels, step));
        };
        try (Denoising d = new Denoising(plan, start.mul(1), 0); Scope s = Scope.open()) {
            return s.keep(new DiffusionLoop(plan, denoiser, this::noise, watcher).run(d));
        }
    }

    /** Latents as the published sampler has them: noise over signal, and without the noise that raises that of the next step. */
    private Tensor plain(Tensor latents, SupirSteps steps, Levels levels, int step) {
        double to = levels.to()[step], before = to / (1 + steps.raised());
        if (options().get(SupirOptions.SAMPLER) == SupirSampler.DPMPP_2M) return latents.mul((float) (1 / Levels.alpha(to)));
        if (steps.raised() == 0 || to == 0) return latents;
        Tensor last = tensor("noise." + (drawn - 1));
        return latents.sub(last.mul((float) (number("noise", 1) * Math.sqrt(to * to - before * before))));
    }

    /** Each tile by itself, after a step that is not merged. */
    private void tiles(SupirSteps steps, Denoiser denoiser, Tensor x, int step) {
        Plan plan = steps.plan();
        Levels levels = plan.sampler().levels();
        double sigma = levels.from()[step], next = levels.to()[step] / (1 + steps.raised());
        List<TileGrid.Tile> expected = new ArrayList<>();
        for (JsonElement e : run.getAsJsonArray("tiles")) {
            expected.add(new TileGrid.Tile(e.getAsJsonArray().get(0).getAsInt(), e.getAsJsonArray().get(2).getAsInt()));
        }
        assertThat(plan.grid().tiles()).isEqualTo(expected);
        for (int tile = 0; tile < plan.tiles(); tile++) {
            String stage = step == 0 ? "tile_step0." + tile : "tile_last_step." + tile;
            if (!stored.has(stage)) continue;
            Tensor part = plan.grid().cut(x, plan.grid().tiles().get(tile)), in = part.mul((float) Levels.alpha(sigma));
            Denoiser.At at = new Denoiser.At(tile, step, levels.timesteps()[step], true, Shortcut.NONE);
            Tensor noise = denoiser.predict(in, at);
            check(stage, part.add(noise.mul((float) (next - sigma))));
        }
    }

    /** Within a level, and mostly equal. */
    static void near(String what, Image actual, Image expected) {
        assertThat(actual.toString()).as(what).isEqualTo(expected.toString());
        int far = 0, different = 0;
        for (int i = 0; i < actual.rgb().length; i++) {
            int d = Math.abs((actual.rgb()[i] & 0xff) - (expected.rgb()[i] & 0xff));
            far = Math.max(far, d);
            if (d > 0) different++;
        }
        assertThat(far).as("%s: largest difference in levels", what).isLessThanOrEqualTo(1);
        assertThat(different).as("%s: values that differ", what).isLessThan(actual.rgb().length / 50);
    }
}
