package dev.faithdiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.align.AlignConfig;
import dev.faithdiff.networks.align.AlignedUNet;
import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.Control;
import dev.faithdiff.networks.unet.Shortcut;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.Denoising;
import dev.faithdiff.restore.diffusion.DiffusionLoop;
import dev.faithdiff.restore.diffusion.Guidance;
import dev.faithdiff.restore.diffusion.NoiseSchedule;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.diffusion.Samplers;
import dev.faithdiff.restore.diffusion.StepCache;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Caches of steps and guidance in an interval, in SDXL's and in FaithDiff's U-Net, against stored latents after each step. */
@Tag("full")
class StepCacheTest {
    private static final JsonObject FACTS = Fixtures.json("cache/cache.json"), RUNS = FACTS.getAsJsonObject("runs");
    private static final Config SCHEDULER = Config.read(Fixtures.path("cache/cache.json")).at("scheduler");
    private static final NoiseSchedule SCHEDULE = NoiseSchedule.of(SCHEDULER);
    private static final Fixtures INPUTS = Fixtures.open("cache/inputs.safetensors");
    private static final Sampler SAMPLER = Samplers.EULER.create(SCHEDULE, SCHEDULER, FACTS.get("steps").getAsInt());

    /** One of the two networks: from latents, timestep and rows of text to a prediction. */
    private interface Network {
        Tensor predict(Tensor latents, double timestep, Tensor states, Tensor pooled, Tensor sizes, Shortcut shortcut);
    }

    static Stream<String> runs() { return RUNS.keySet().stream(); }

    @ParameterizedTest
    @MethodSource("runs")
    void latentsAfterEachStep(String run) {
        JsonObject facts = RUNS.getAsJsonObject(run);
        Fixtures stored = Fixtures.open("cache/" + run.substring(0, run.indexOf('/')) + ".safetensors");
        String name = run.substring(run.indexOf('/') + 1);
        JsonArray atol = facts.getAsJsonObject("errors").getAsJsonObject("latents").getAsJsonArray("suggested_atol_of_each_step");
        float[] latents = stored.floats(name + ".latents");
        int rows = stored.shape(name + ".latents").size(0), row = latents.length / rows;
        List<Boolean> guided = new ArrayList<>(), complete = new ArrayList<>();
        try (Scope _ = Scope.open(); Weights w = weights(run)) {
            Network network = network(run, w);
            Denoiser denoiser = (x, at) -> {
                int step = guided.size(), from = at.guided() ? 0 : 1;
                guided.add(at.guided());
                complete.add(false);
                Tensor answer = network.predict(x, at.timestep(), rows("prompt_embeds", from), rows("text_embeds", from), rows("time_ids", from),
                        counted(at.shortcut(), () -> complete.set(step, true)));
                String output = name + ".unet_output." + step;
                if (stored.has(output)) {
                    double allowed = facts.getAsJsonObject("errors").getAsJsonObject("unet_output." + step).get("suggested_atol").getAsDouble();
                    Fixtures.assertClose(output, answer, stored, output, allowed);
                }
                return answer;
            };
            Tensor start = Fixtures.tensor(INPUTS, "noise0").mul(SAMPLER.initNoiseSigma());
            TileGrid whole = TileGrid.of(start.size(1), start.size(2), start.size(1), start.size(2), 1);
            Plan plan = new Plan(SCHEDULE, SAMPLER, guidance(facts.getAsJsonObject("options")), cache(facts.getAsJsonObject("options")), whole);
            int[] compared = {0};
            try (Denoising d = new Denoising(plan, start, 0)) {
                new DiffusionLoop(plan, denoiser, () -> null, (at, clean) -> {
                    int i = at.step() - 1;
                    if (i >= rows) return;
                    Fixtures.assertClose("latents after step " + i, at.latents().permute(0, 3, 1, 2).toFloats(),
                            Arrays.copyOfRange(latents, i * row, (i + 1) * row), atol.get(i).getAsDouble());
                    compared[0]++;
                }).run(d);
            }
            assertThat(compared[0]).isEqualTo(rows).isPositive();
        }
        assertThat(guided).isEqualTo(flags(facts, "guided"));
        if (facts.has("complete_step")) assertThat(complete).isEqualTo(flags(facts, "complete_step"));
        if (facts.has("hit")) assertThat(complete.stream().map(c -> !c).toList()).isEqualTo(flags(facts, "hit"));
        for (int i = 0; i < SAMPLER.timesteps().length; i++) {
            assertThat(SAMPLER.timesteps()[i]).isEqualTo(FACTS.getAsJsonArray("timesteps").get(i).getAsDouble());
            assertThat((double) SAMPLER.levels().from()[i]).isCloseTo(FACTS.getAsJsonArray("sigmas").get(i).getAsDouble(), offset(1e-5));
        }
    }

    private static List<Boolean> flags(JsonObject facts, String name) {
        return facts.getAsJsonArray(name).asList().stream().map(e -> e.getAsBoolean()).toList();
    }

    private static Shortcut counted(Shortcut shortcut, Runnable complete) {
        return new Shortcut() {
            @Override public int down(int layers) { return shortcut.down(layers); }

            @Override public int up() { return shortcut.up(); }

            @Override public Tensor inside(List<Tensor> seen, Supplier<Tensor> inner) {
                return shortcut.inside(seen, () -> {
                    complete.run();
                    return inner.get();
                });
            }
        };
    }

    private static StepCache cache(JsonObject options) {
        if (options.has("deepcache")) {
            JsonArray deep = options.getAsJsonArray("deepcache");
            return new StepCache(StepCache.Rule.DEEP, deep.get(0).getAsInt(), deep.get(1).getAsInt());
        }
        if (options.has("first_output")) return new StepCache(StepCache.Rule.OUTPUT, options.get("first_output").getAsDouble(), 0);
        return options.has("first_residual") ? new StepCache(StepCache.Rule.RESIDUAL, options.get("first_residual").getAsDouble(), 0) : null;
    }

    private static Guidance guidance(JsonObject options) {
        double scale = FACTS.get("guidance_scale").getAsDouble();
        if (!options.has("interval")) return new Guidance(scale, 0);
        JsonObject interval = options.getAsJsonObject("interval");
        double high = interval.get("sigma_high_inclusive").isJsonNull() ? Double.POSITIVE_INFINITY
                : interval.get("sigma_high_inclusive").getAsDouble();
        return new Guidance(scale, 0, interval.get("sigma_low_exclusive").getAsDouble(), high);
    }

    private static Tensor rows(String input, int from) { return Fixtures.tensor(INPUTS, input).slice(0, from, 2); }

    private static Path folder(String run) {
        return run.startsWith("sdxl/") ? Fixtures.path("checkpoint-tiny/sdxl/unet") : TinyModel.folder().resolve("unet");
    }

    private static Weights weights(String run) {
        return Weights.open(run.startsWith("sdxl/") ? folder(run) : folder(run).resolve("model.safetensors"), Device.CPU);
    }

    private static Network network(String run, Weights w) {
        UNetConfig sizes = UNetConfig.of(Config.read(folder(run).resolve("config.json")));
        if (run.startsWith("sdxl/")) {
            UNet unet = new UNet(w, sizes);
            return (x, t, states, pooled, ids, shortcut) -> unet.denoise(unet.embed(x), unet.embedTime((float) t, pooled, ids),
                    Control.NONE, shortcut, List.of(Context.once(states)));
        }
        AlignedUNet unet = new AlignedUNet(w, sizes, AlignConfig.of(Config.read(TinyModel.folder().resolve("model.json")).at("faithdiff")));
        Tensor condition = unet.condition(Fixtures.tensor(INPUTS, "features"));
        return (x, t, states, pooled, ids, shortcut) -> unet.predict(x, condition, unet.unet().embedTime((float) t, pooled, ids),
                Context.once(states), shortcut);
    }
}
