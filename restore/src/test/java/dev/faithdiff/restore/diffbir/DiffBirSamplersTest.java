package dev.faithdiff.restore.diffbir;

import static dev.faithdiff.Fixtures.tensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.unet.Shortcut;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.Denoising;
import dev.faithdiff.restore.diffusion.DiffusionLoop;
import dev.faithdiff.restore.diffusion.Guidance;
import dev.faithdiff.restore.diffusion.Levels;
import dev.faithdiff.restore.diffusion.NoiseSchedule;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.diffusion.SignalTable;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Supplier;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** DiffBIR's samplers and tables against stored outputs of the published ones, with a formula in the network's place. */
class DiffBirSamplersTest {
    private static final JsonObject FILES = Fixtures.json("diffbir/diffbir.json").getAsJsonObject("files");
    private static final JsonObject SAMPLERS = FILES.getAsJsonObject("samplers.safetensors");
    private static final Fixtures STORED = Fixtures.open("diffbir/samplers.safetensors"), TABLES = Fixtures.open("diffbir/tables.safetensors");
    private static final DiffusionLoop.Watcher NONE = (_, _) -> {};

    static Set<String> cases() { return SAMPLERS.getAsJsonObject("cases").keySet(); }

    /** The plain schedule for noise, that of zero terminal signal for velocities. */
    private static Config scheduler(boolean velocity) {
        return Config.of(Path.of("scheduler"), """
                {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "num_train_timesteps": 1000, "prediction_type": "%s",
                 "rescale_betas_zero_snr": %s}""".formatted(velocity ? "v_prediction" : "epsilon", velocity));
    }

    private static DiffBirSampler sampler(String name) {
        return Arrays.stream(DiffBirSampler.values()).filter(s -> s.toString().equals(name)).findFirst().orElseThrow();
    }

    /** The published samplers draw before a step, where churning adds noise, and these after the one before: the first draw has no use there. */
    private static Supplier<Tensor> noise(int first) {
        int[] used = {first};
        return () -> tensor(STORED, STORED.has("noise." + used[0]) ? "noise." + used[0]++ : "noise.0");
    }

    /** The published numbers come of the root of one build of PyTorch, which is rounded to one of these. */
    private static final List<DoubleUnaryOperator> ROOTS = List.of(Math::sqrt, x -> Math.nextDown((float) Math.sqrt(x)),
            x -> Math.nextUp((float) Math.sqrt(x)));
    private static final Set<DiffBirSampler> OF_ROOTS = Set.of(DiffBirSampler.EDM_DPM_2_A, DiffBirSampler.EDM_DPMPP_2S_A,
            DiffBirSampler.EDM_DPMPP_SDE);

    @ParameterizedTest
    @MethodSource("cases")
    void samples(String name) {
        DiffBirSampler kind = sampler(name.substring(name.indexOf('.') + 1).replace(".rescale", ""));
        if (!OF_ROOTS.contains(kind)) {
            check(name, kind, Math::sqrt);
            return;
        }
        List<String> differences = new ArrayList<>();
        for (DoubleUnaryOperator root : ROOTS) {
            try {
                check(name, kind, root);
                return;
            } catch (AssertionError e) {
                differences.add(e.getMessage());
            }
        }
        throw new AssertionError(String.join("; ", differences));
    }

    private static void check(String name, DiffBirSampler kind, DoubleUnaryOperator root) {
        JsonObject facts = SAMPLERS.getAsJsonObject("cases").getAsJsonObject(name);
        Config c = scheduler(name.startsWith("v."));
        double churn = kind.churns() ? facts.get("s_churn").getAsDouble() : 0;
        Sampler s = kind.of(SignalTable.of(c), facts.get("steps").getAsInt(), churn, facts.get("order").getAsInt(), root);
        double atol = SAMPLERS.getAsJsonObject("errors").getAsJsonObject(name + ".z").get("suggested_atol").getAsDouble();
        try (Scope _ = Scope.open()) {
            Fixtures.assertClose(name, run(s, c, facts, noise(churn > 0 ? 1 : 0)).toFloats(), STORED.nhwc(name + ".z"), atol);
        }
    }

    private static Tensor run(Sampler s, Config c, JsonObject facts, Supplier<Tensor> noise) {
        Tensor first = tensor(STORED, "x_T"), cond = tensor(STORED, "cond"), uncond = tensor(STORED, "uncond");
        Denoiser network = (x, at) -> {
            Tensor prompt = cond.mul(0.4f).add(x.mul((float) (0.2 + 0.0005 * at.timestep())));
            return at.guided() ? uncond.mul(0.4f).add(x.mul((float) (0.2 + 0.0005 * at.timestep()))).concat(0, prompt) : prompt;
        };
        boolean grows = facts.get("rescale_cfg").getAsBoolean();
        Guidance guidance = new Guidance(facts.get("cfg_scale").getAsDouble(), 0, 0, Double.POSITIVE_INFINITY, grows);
        int h = first.size(1), w = first.size(2);
        Plan plan = new Plan(NoiseSchedule.of(c), s, guidance, null, TileGrid.of(h, w, h, w, 1), true);
        try (Denoising d = new Denoising(plan, first.mul(s.initNoiseSigma()), 0)) {
            return new DiffusionLoop(plan, network, noise, NONE).run(d);
        }
    }

    /** The parts of the names of tables, such as "edm", "v" and "10" of {@code edm.v.10.sigmas}. */
    private static List<String[]> tables(String first, String last) {
        List<String[]> all = TABLES.names().stream().filter(n -> n.startsWith(first + ".") && n.endsWith("." + last))
                .map(n -> n.split("\\.")).toList();
        assertThat(all).isNotEmpty();
        return all;
    }

    @Test void tablesOfEdm() {
        for (String[] table : tables("edm", "sigmas")) {
            int steps = Integer.parseInt(table[2]);
            String name = "edm." + table[1] + "." + steps;
            Levels edm = DiffBirSampler.EDM_EULER.of(SignalTable.of(scheduler(table[1].equals("v"))), steps, 0, 1).levels();
            float[] sigmas = TABLES.floats(name + ".sigmas");
            for (int i = 0; i < steps; i++) assertThat(edm.from()[i]).as(name).isCloseTo(sigmas[i], within(1e-6f * sigmas[i]));
            assertTimesteps(edm, TABLES.longs(name + ".timesteps"), true);
        }
    }

    @Test void tablesOfDdim() {
        for (String[] table : tables("ddim", "alphas")) {
            int steps = Integer.parseInt(table[1]);
            Levels ddim = DiffBirSampler.DDIM.of(SignalTable.of(scheduler(false)), steps, 0, 1).levels();
            assertTimesteps(ddim, TABLES.longs("ddim." + steps + ".timesteps"), false);
            float[] alphas = TABLES.floats("ddim." + steps + ".alphas"), before = TABLES.floats("ddim." + steps + ".alphas_prev");
            for (int i = 0; i < steps; i++) {
                assertThat(Math.pow(Levels.alpha(ddim.from()[i]), 2)).isCloseTo(alphas[steps - 1 - i], Offset.offset(1e-6));
                assertThat(Math.pow(Levels.alpha(ddim.to()[i]), 2)).isCloseTo(before[steps - 1 - i], Offset.offset(1e-6));
            }
        }
    }

    @Test void spacedTimesteps() {
        JsonObject all = FILES.getAsJsonObject("tables.safetensors").getAsJsonObject("spaced");
        assertThat(all.keySet()).isNotEmpty();
        for (String name : all.keySet()) {
            int steps = Integer.parseInt(name.substring(name.indexOf('.') + 1));
            long[] expected = all.getAsJsonArray(name).asList().stream().mapToLong(JsonElement::getAsLong).toArray();
            assertTimesteps(DiffBirSampler.SPACED.of(SignalTable.of(scheduler(false)), steps, 0, 1).levels(), expected, false);
        }
    }

    private static Offset<Float> within(float far) { return Offset.offset(far); }

    private static void assertTimesteps(Levels levels, long[] expected, boolean falling) {
        for (int i = 0; i < levels.steps(); i++) {
            assertThat(levels.timesteps()[i]).isEqualTo(expected[falling ? i : levels.steps() - 1 - i]);
        }
    }

    @Test void guidanceGrowsAsPublished() {
        float[] expected = TABLES.floats("cfg_rescale.scale_8_at_t_0_to_1000_step_50");
        Guidance g = new Guidance(8, 0, 0, Double.POSITIVE_INFINITY, true);
        try (Scope _ = Scope.open()) {
            for (int i = 0; i < expected.length; i++) {
                Tensor rows = Tensor.of(new float[] {0, 1}, 2, 1, 1, 1);
                assertThat(g.apply(rows, 50 * i).item()).as("at timestep " + 50 * i).isCloseTo(expected[i], within(2e-6f * expected[i]));
            }
        }
    }

    /** A change of clean latents that is one of the step's mean, whatever the network predicts; repeated, and in tiles. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void restorationGuidanceChangesCleanLatents(boolean velocity) {
        Config c = scheduler(velocity);
        Sampler s = DiffBirSampler.SPACED.of(SignalTable.of(c), 5, 0, 1);
        try (Scope _ = Scope.open()) {
            Tensor x = tensor(STORED, "x_T"), target = tensor(STORED, "cond"), answer = tensor(STORED, "uncond");
            int h = x.size(1), w = x.size(2), step = 3;
            Plan plan = new Plan(NoiseSchedule.of(c), s, new Guidance(1, 0), null, TileGrid.of(h, w, h - 2, w, 0.5), true);
            Denoiser inner = (in, at) -> plan.grid().cut(answer, plan.grid().tiles().get(at.tile()));
            double scale = 0.002;
            RestorationGuidance guided = new RestorationGuidance(inner, plan, RestorationLoss.MSE, scale, 2, target, null);
            double from = s.levels().from()[step], to = s.levels().to()[step];
            double signal = 1 / (1 + from * from), next = 1 / (1 + to * to), weight = Math.sqrt(next) * (1 - signal / next) / (1 - signal);
            for (int tile = 0; tile < plan.grid().tiles().size(); tile++) {
                Tensor in = plan.grid().cut(x, plan.grid().tiles().get(tile)), aim = plan.grid().cut(target, plan.grid().tiles().get(tile));
                Tensor data = plan.schedule().data(inner.predict(in, at(tile, step, s)), in, from);
                float[] expected = data.toFloats(), wanted = aim.toFloats();
                for (int repeat = 0; repeat < 2; repeat++) {
                    for (int i = 0; i < expected.length; i++) {
                        expected[i] -= (float) (2 * 3000 * scale / expected.length * (expected[i] - wanted[i]) / weight);
                    }
                }
                Tensor changed = plan.schedule().data(guided.predict(in, at(tile, step, s)), in, from);
                Fixtures.assertClose("tile " + tile, changed.toFloats(), expected, 2e-5);
            }
        }
    }

    private static Denoiser.At at(int tile, int step, Sampler s) { return new Denoiser.At(tile, step, s.timesteps()[step], false, Shortcut.NONE); }

    @Test void refusesNumbersOfSteps() {
        SignalTable table = SignalTable.of(scheduler(false));
        assertThatThrownBy(() -> DiffBirSampler.SPACED.of(table, 1, 0, 1)).hasMessage("the sampler spaced takes 2..1000 steps, not 1");
        assertThat(DiffBirSampler.DDIM.of(table, 7, 0, 1).levels().steps()).as("as published").isEqualTo(8);
        assertThat(DiffBirSampler.EDM_EULER.of(table, 1, 0, 1).levels().steps()).isEqualTo(1);
    }
}
