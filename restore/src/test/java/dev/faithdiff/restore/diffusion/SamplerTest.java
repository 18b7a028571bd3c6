package dev.faithdiff.restore.diffusion;

import static dev.faithdiff.restore.diffusion.DiffusionOptions.SAMPLER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.model.Config;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Timesteps, noise levels and trajectories of every sampler against stored outputs. */
@Tag("full")
class SamplerTest {
    private static final JsonObject FACTS = Fixtures.json("schedulers/schedulers.json"), RUNS = FACTS.getAsJsonObject("runs");
    private static final ToyModel MODEL = ToyModel.of(FACTS.get("model").getAsString());
    private static final NoiseSchedule SCHEDULE = NoiseSchedule.of(config());
    private static final Fixtures COMMON = Fixtures.open("schedulers/common.safetensors");
    private static final Map<String, Samplers> KINDS = Map.of("euler_discrete", Samplers.EULER, "euler_ancestral", Samplers.EULER_ANCESTRAL,
            "ddpm", Samplers.DDPM, "ddim", Samplers.DDIM, "dpmpp_2m", Samplers.DPMPP_2M, "unipc", Samplers.UNIPC);
    /** For runs whose published tolerance is not a number because their last step is not. */
    private static final double ATOL = 5e-5;

    /** Of a fractional timestep: the published table of logarithms differs from machine to machine by that much. */
    private static final double LAST_BIT = 6.2e-5;

    /** The network of the stored runs, {@code eps(x, t) = share*x + c*wave(t)}. */
    record ToyModel(float share, DoubleUnaryOperator wave) {
        private static final Pattern FORMULA = Pattern.compile("eps\\(x, ?t\\) = (-?[\\d.]+)\\*x \\+ c\\*(sin|cos)\\(t\\)[, ].*");

        static ToyModel of(String formula) {
            Matcher m = FORMULA.matcher(formula);
            assertThat(m.matches()).as(formula).isTrue();
            return new ToyModel(Float.parseFloat(m.group(1)), m.group(2).equals("sin") ? Math::sin : Math::cos);
        }

        Tensor eps(Tensor x, double t, Tensor c) { return x.mul(share).add(c.mul((float) wave.applyAsDouble(t))); }
    }

    /** Stored as {@code scheduler/spacing.steps}, the scheduler with its options. */
    record Run(String scheduler, String spacing, int steps) {
        static Run of(String key) {
            int slash = key.indexOf('/'), dot = key.lastIndexOf('.');
            return new Run(key.substring(0, slash), key.substring(slash + 1, dot), Integer.parseInt(key.substring(dot + 1)));
        }

        String name() { return spacing + "." + steps; }

        JsonObject facts() { return RUNS.getAsJsonObject(scheduler + "/" + name()); }

        Fixtures stored() { return Fixtures.open("schedulers/" + scheduler + ".safetensors"); }

        double atol() {
            double atol = facts().get("suggested_atol").getAsDouble();
            return Double.isNaN(atol) ? ATOL : atol;
        }

        Config config() { return Config.read(Fixtures.path("schedulers/schedulers.json")).at("runs").at(scheduler + "/config"); }

        NoiseSchedule schedule() { return NoiseSchedule.of(config()).with(NoiseSchedule.Spacing.valueOf(spacing.toUpperCase())); }

        Sampler sampler() {
            Samplers kind = KINDS.keySet().stream().filter(scheduler::startsWith).findFirst().map(KINDS::get).orElseThrow();
            int eta = scheduler.indexOf("_eta");
            return kind.create(schedule(), config(), steps, null, eta < 0 ? null : Double.valueOf(scheduler.substring(eta + 4)));
        }
    }

    static Stream<Run> runs() { return RUNS.keySet().stream().filter(k -> !k.endsWith("/config")).map(Run::of); }

    @ParameterizedTest
    @MethodSource("runs")
    void trajectories(Run run) {
        Fixtures f = run.stored();
        Sampler sampler = run.sampler();
        float[] t = f.floats(run.name() + ".timesteps");
        Fixtures.assertClose("timesteps", floats(sampler.timesteps()), t, whole(t) ? 0 : LAST_BIT);
        if (f.has(run.name() + ".sigmas")) Fixtures.assertClose("sigmas", sigmas(sampler.levels()), f.floats(run.name() + ".sigmas"), 2e-6);
        assertThat(sampler.initNoiseSigma()).isCloseTo(run.facts().get("init_noise_sigma").getAsFloat(), offset(1e-6f));
        try (Scope _ = Scope.open(); Sampler.State state = sampler.begin()) {
            Tensor x = plain(COMMON, "noise0").mul(sampler.initNoiseSigma()), c = plain(COMMON, "c");
            Tensor noises = plain(COMMON, "step_noise"), trajectory = plain(f, run.name() + ".trajectory");
            int[] used = {0};
            for (int i = 0; i < t.length; i++) {
                Tensor in = sampler.scaleInput(x, i), data = run.schedule().data(MODEL.eps(in, t[i], c), in, sampler.levels().from()[i]);
                x = state.step(x, data, i, () -> noises.slice(0, used[0], ++used[0]).reshape(c.shape().toArray()));
                float[] actual = x.toFloats(), expected = trajectory.slice(0, i, i + 1).toFloats();
                if (i == t.length - 1 && Float.isNaN(expected[0])) assertThat(actual).as("the end, not a number as published")
                        .doesNotContain(Float.NaN);
                else Fixtures.assertClose(run + " step " + i, actual, expected, run.atol());
            }
            assertThat(used[0]).isEqualTo(run.facts().get("noises_used").getAsInt());
        }
    }

    static Stream<Run> noised() { return runs().filter(r -> r.stored().has(r.name() + ".add_noise")); }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("noised")
    void noisedData(Run run) {
        Fixtures f = run.stored();
        Sampler sampler = run.sampler();
        double[] t = sampler.timesteps();
        float[] at = f.floats(run.name() + ".add_noise_timesteps");
        try (Scope _ = Scope.open()) {
            Tensor expected = plain(f, run.name() + ".add_noise");
            for (int k = 0; k < at.length; k++) {
                float wanted = at[k];
                int[] steps = IntStream.range(0, t.length).filter(i -> Math.abs(t[i] - wanted) < 1e-4).toArray();
                Tensor x = sampler.noised(plain(COMMON, "x0"), plain(COMMON, "noise0"), steps[steps.length > 1 ? 1 : 0]);
                Fixtures.assertClose(run + " at " + wanted, x.toFloats(), expected.slice(0, k, k + 1).toFloats(), run.atol());
            }
        }
    }

    @Test void noisedTrainingData() {
        long[] t = COMMON.longs("ddpm_add_noise.timesteps");
        try (Scope _ = Scope.open()) {
            Tensor expected = plain(COMMON, "ddpm_add_noise.out");
            for (int k = 0; k < t.length; k++) {
                Tensor x = schedule().noised(plain(COMMON, "x0"), plain(COMMON, "noise0"), (int) t[k]);
                Fixtures.assertClose("at " + t[k], x.toFloats(), expected.slice(0, k, k + 1).toFloats(), 2e-6);
            }
        }
    }

    /** Noise, velocity {@code alpha noise - sigma data} at variance one, and the data themselves mean the same data, wherever a sampler asks. */
    @ParameterizedTest
    @EnumSource(Samplers.class)
    void predictionsMeanTheirData(Samplers kind) {
        Sampler sampler = kind.create(schedule(), config(), 7);
        try (Scope _ = Scope.open()) {
            Tensor data = plain(COMMON, "x0"), noise = plain(COMMON, "noise0");
            for (int i = 0; i < sampler.levels().steps(); i++) {
                double t = sampler.timesteps()[i], sigma = sampler.levels().from()[i];
                float alpha = (float) (1 / Math.sqrt(1 + sigma * sigma)), spread = (float) (sigma / Math.sqrt(1 + sigma * sigma));
                Tensor x = data.mul(alpha).add(noise.mul(spread)), v = noise.mul(alpha).sub(data.mul(spread));
                NoiseSchedule velocity = schedule().with(NoiseSchedule.Prediction.VELOCITY), plain = schedule().with(NoiseSchedule.Prediction.SAMPLE);
                Fixtures.assertClose(kind + " noise", schedule().data(noise, x, sigma).toFloats(), data.toFloats(), 6e-5);
                Fixtures.assertClose(kind + " velocity", velocity.data(v, x, sigma).toFloats(), data.toFloats(), 3e-6);
                assertThat(plain.data(data, x, sigma)).isSameAs(data);
                if (t != Math.rint(t)) continue;
                x = schedule().noised(data, noise, (int) t);
                v = noise.mul((float) Math.sqrt(schedule().alphasCumprod()[(int) t]))
                        .sub(data.mul((float) Math.sqrt(1 - schedule().alphasCumprod()[(int) t])));
                Fixtures.assertClose("in training", velocity.noise(v, x, new int[] {(int) t}).toFloats(), noise.toFloats(), 3e-6);
                assertThat(schedule().noise(v, x, new int[] {(int) t})).isSameAs(v);
            }
        }
    }

    @Test void whatANetworkPredictsIsInTheConfiguration(@TempDir Path folder) throws IOException {
        assertThat(schedule().prediction()).isEqualTo(NoiseSchedule.Prediction.EPSILON);
        String text = Files.readString(Fixtures.path("checkpoint-tiny/sdxl/scheduler/scheduler_config.json"));
        Path velocity = Files.writeString(folder.resolve("v.json"), text.replace("epsilon", "v_prediction"));
        assertThat(NoiseSchedule.of(Config.read(velocity)).prediction()).isEqualTo(NoiseSchedule.Prediction.VELOCITY);
        Path sample = Files.writeString(folder.resolve("sample.json"), text.replace("epsilon", "sample"));
        assertThat(NoiseSchedule.of(Config.read(sample)).prediction()).isEqualTo(NoiseSchedule.Prediction.SAMPLE);
        Path other = Files.writeString(folder.resolve("flow.json"), text.replace("epsilon", "flow"));
        assertThatThrownBy(() -> NoiseSchedule.of(Config.read(other))).hasMessageContaining("prediction_type");
        JsonObject rescaled = config().json();
        rescaled.addProperty("rescale_betas_zero_snr", true);
        assertThatThrownBy(() -> NoiseSchedule.of(Config.of(folder, rescaled.toString())))
                .hasMessageContaining("'rescale_betas_zero_snr' must be false");
        rescaled.addProperty("prediction_type", "v_prediction");
        assertThat(NoiseSchedule.of(Config.of(folder, rescaled.toString())).alphasCumprod()[999]).isZero();
    }

    /** A network that always sees the data leads every sampler to the data, however few its steps and whatever it draws. */
    @ParameterizedTest
    @EnumSource(Samplers.class)
    void perfectPredictionsLeadToTheData(Samplers kind) {
        long inUse = Device.CPU.pool().usedBytes();
        for (NoiseSchedule.Spacing spacing : NoiseSchedule.Spacing.values()) {
            for (int steps : new int[] {1, 2, 3, 4, 16}) {
                if (steps < least(kind, spacing)) continue;
                Sampler sampler = kind.create(schedule().with(spacing), config(), steps);
                Levels levels = sampler.levels();
                if (!chained(levels)) continue;
                try (Scope _ = Scope.open(); Sampler.State state = sampler.begin()) {
                    Tensor data = plain(COMMON, "x0"), x = sampler.noised(data, plain(COMMON, "noise0"), 0);
                    Rng drawn = Rng.cpu(steps);
                    Supplier<Tensor> noise = () -> Tensor.of(drawn.randn((int) data.count()), data.shape().toArray());
                    for (int i = 0; i < levels.steps(); i++) x = state.step(x, data, i, noise);
                    Fixtures.assertClose(spacing + " in " + steps, x.toFloats(), data.toFloats(), 1e-4 + 5 * levels.to()[levels.steps() - 1]);
                }
            }
        }
        assertThat(Device.CPU.pool().usedBytes()).as("memory held after the walks").isEqualTo(inUse);
    }

    /** From any step on, the data noised as far as that step, and what each prediction means; a walk that another one recalls goes on alike. */
    @ParameterizedTest
    @EnumSource(Samplers.class)
    void startsWithinAndGoesOnFromMemory(Samplers kind) {
        int steps = 8;
        for (int first : new int[] {1, 5, 7}) {
            Sampler sampler = kind.create(schedule(), config(), steps).from(first);
            int left = sampler.levels().steps();
            assertThat(left).isEqualTo(kind == Samplers.HEUN ? 2 * steps - 1 - (first + 1) / 2 * 2 : steps - first);
            try (Scope _ = Scope.open(); Sampler.State state = sampler.begin(); Sampler.State other = sampler.begin()) {
                Tensor data = plain(COMMON, "x0"), noise = plain(COMMON, "noise0"), x = sampler.noised(data, noise, 0), y = null;
                for (int i = 0; i < left; i++) {
                    Tensor found = i == 0 ? data : data.mul(0.9f).add(noise.mul(0.01f * i));
                    Map<String, Tensor> copies = new HashMap<>();
                    state.memory().forEach((name, t) -> copies.put(name, t.mul(1)));
                    y = x;
                    x = state.step(x, found, i, () -> noise);
                    if (i == 1) {
                        other.recall(copies);
                        assertThat(other.step(y, found, i, () -> noise).toFloats()).as("after a recall").isEqualTo(x.toFloats());
                    }
                }
                assertThat(x.toFloats()).doesNotContain(Float.NaN);
            }
        }
    }

    /** Published DDIM with LINSPACE does not go on where its steps end. */
    private static boolean chained(Levels l) { return IntStream.range(1, l.from().length).allMatch(i -> l.from()[i] == l.to()[i - 1]); }

    @Test void samplersByName() {
        for (Samplers s : Samplers.values()) assertThat(SAMPLER.parse(s.toString())).isEqualTo(s);
        assertThat(Samplers.of(config())).isEqualTo(Samplers.EULER);
        assertThatThrownBy(() -> SAMPLER.parse("eular")).hasMessageContaining("dpm++3m-sde or unipc").hasMessageContaining(", not eular");
        assertThatThrownBy(() -> Samplers.UNIPC.create(schedule(), config(), 0)).hasMessageContaining("steps must be 1..1000, not 0");
        assertThatThrownBy(() -> Samplers.LCM.create(schedule(), config(), 51)).hasMessageContaining("1..50 steps, not 51");
        assertThatThrownBy(() -> Samplers.UNIPC.create(schedule(), config(), 1000)).hasMessageContaining("at most 998 steps");
    }

    /** At the ends of the range a sampler makes finite latents out of noise or says what it takes instead. */
    @ParameterizedTest
    @EnumSource(Samplers.class)
    void fewestAndMostSteps(Samplers kind) {
        for (NoiseSchedule.Spacing spacing : NoiseSchedule.Spacing.values()) {
            for (int offset : new int[] {0, 1}) {
                NoiseSchedule s = new NoiseSchedule(schedule().alphasCumprod(), spacing, offset, NoiseSchedule.Prediction.EPSILON, null);
                for (int steps : new int[] {1, 2, 500, 501, 998, 999, 1000}) fewestAndMostSteps(kind, s, steps);
            }
        }
    }

    private static boolean solves(Samplers kind) { return kind.toString().startsWith("dpm++") || kind.toString().startsWith("unipc"); }

    private static int least(Samplers kind, NoiseSchedule.Spacing spacing) {
        return solves(kind) || kind == Samplers.LCM || kind == Samplers.TCD || spacing == NoiseSchedule.Spacing.TRAILING ? 1 : 2;
    }

    private static void fewestAndMostSteps(Samplers kind, NoiseSchedule s, int steps) {
        String name = kind.toString(), what = name + " " + s.spacing() + "+" + s.offset() + " " + steps;
        boolean distilled = kind == Samplers.LCM || kind == Samplers.TCD;
        int most = distilled ? 50 : !solves(kind) || s.spacing() == NoiseSchedule.Spacing.TRAILING ? 1000
                : s.spacing() == NoiseSchedule.Spacing.LINSPACE ? 999 : 999 - s.offset();
        int least = least(kind, s.spacing());
        if (steps > most || steps < least) {
            assertThatThrownBy(() -> kind.create(s, config(), steps)).as(what)
                    .hasMessageContaining(distilled ? "1..50 steps" : steps > most ? "at most " + most + " steps" : "the sampler " + name
                    + " needs at least 2 steps");
            return;
        }
        Sampler sampler = kind.create(s, config(), steps);
        assertThat(sampler.timesteps()).as(what).hasSize(kind == Samplers.HEUN ? 2 * steps - 1 : steps);
        try (Scope _ = Scope.open(); Sampler.State state = sampler.begin()) {
            Random drawn = new Random(1);
            Tensor noise = Tensor.of(new float[] {1, -0.5f, 0.25f, -2}, 4), x = noise.mul(sampler.initNoiseSigma());
            for (int i = 0; i < sampler.levels().steps(); i++) {
                try (Scope step = Scope.open()) {
                    double sigma = sampler.levels().from()[i];
                    float sign = drawn.nextBoolean() ? 1 : -1;
                    Tensor in = sampler.scaleInput(x, i), eps = in.mul((float) (sigma * Levels.alpha(sigma)));
                    x = step.keep(state.step(x, schedule().data(eps, in, sigma), i, () -> noise.mul(sign)));
                }
            }
            float bound = kind == Samplers.HEUN ? 20 : 10; // its slopes at two far levels have little to do with each other
            for (float v : x.toFloats()) assertThat(v).as(what).isBetween(-bound, bound);
        }
    }

    @Test void alphasAreThePublishedOnes() {
        Fixtures.assertClose("alphas_cumprod", schedule().alphasCumprod(), COMMON.floats("alphas_cumprod"), 1e-6);
    }

    private static Config config() { return Config.read(Fixtures.path("checkpoint-tiny/sdxl/scheduler/scheduler_config.json")); }

    private static NoiseSchedule schedule() { return SCHEDULE; }

    /** In the file's own order, which samplers do not care about. */
    private static Tensor plain(Fixtures f, String name) { return Tensor.of(f.floats(name), f.shape(name).toArray()); }

    private static boolean whole(float[] t) { return IntStream.range(0, t.length).allMatch(i -> t[i] == Math.rint(t[i])); }

    private static float[] sigmas(Levels levels) {
        int n = levels.from().length;
        float[] all = Arrays.copyOf(levels.from(), n + 1);
        all[n] = levels.to()[n - 1];
        return all;
    }

    static float[] floats(double[] v) {
        float[] f = new float[v.length];
        for (int i = 0; i < v.length; i++) f[i] = (float) v[i];
        return f;
    }
}
