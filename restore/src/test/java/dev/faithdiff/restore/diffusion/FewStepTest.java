package dev.faithdiff.restore.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.model.Config;
import dev.faithdiff.restore.Options;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.io.SafeTensors;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Samplers for few steps, with noise, and for zero terminal SNR, against trajectories of diffusers and of k-diffusion. */
@Tag("full")
class FewStepTest {
    private static final JsonObject FACTS = Fixtures.json("fewstep/fewstep.json"), RUNS = FACTS.getAsJsonObject("runs");
    private static final Fixtures COMMON = Fixtures.open("fewstep/common.safetensors");
    private static final Config FILE = Config.read(Fixtures.path("fewstep/fewstep.json"));

    /** A run that begins lower is refused. */
    private static final int LEAST = 500;

    /** Samplers by how names of runs begin, the longest first. */
    private static final List<Map.Entry<String, Samplers>> KINDS = List.of(Map.entry("dpmpp_2m_sde", Samplers.DPMPP_2M_SDE),
            Map.entry("dpmpp_3m_sde", Samplers.DPMPP_3M_SDE), Map.entry("dpmpp_2m", Samplers.DPMPP_2M), Map.entry("dpmpp_3m", Samplers.DPMPP_3M),
            Map.entry("euler_a_", Samplers.EULER_ANCESTRAL), Map.entry("euler", Samplers.EULER), Map.entry("heun", Samplers.HEUN),
            Map.entry("lcm", Samplers.LCM), Map.entry("tcd", Samplers.TCD), Map.entry("ddim", Samplers.DDIM), Map.entry("ddpm", Samplers.DDPM),
            Map.entry("unipc", Samplers.UNIPC));

    /** Stored as {@code scheduler/variant.steps}. A variant is a spacing, levels, the teacher's steps or timesteps. */
    record Run(String scheduler, String variant, int steps) {
        static Run of(String key) {
            int slash = key.indexOf('/'), dot = key.lastIndexOf('.');
            return new Run(key.substring(0, slash), key.substring(slash + 1, dot), Integer.parseInt(key.substring(dot + 1)));
        }

        String name() { return variant + "." + steps; }

        JsonObject facts() { return RUNS.getAsJsonObject(scheduler + "/" + name()); }

        double atol(String what) { return facts().getAsJsonObject("errors").getAsJsonObject(what).get("suggested_atol").getAsDouble(); }

        Samplers kind() { return KINDS.stream().filter(e -> scheduler.startsWith(e.getKey())).findFirst().orElseThrow().getValue(); }

        NoiseSchedule schedule() {
            NoiseSchedule schedule = NoiseSchedule.of(FILE.at("runs").at(scheduler + "/config"));
            if (variant.startsWith("timesteps_")) {
                return schedule.visiting(Arrays.stream(variant.substring(10).split("_")).mapToDouble(Double::parseDouble).toArray());
            }
            for (NoiseSchedule.Spacing s : NoiseSchedule.Spacing.values()) if (s.toString().equals(variant)) return schedule.with(s);
            return schedule;
        }

        Sampler sampler() {
            JsonObject config = RUNS.getAsJsonObject(scheduler + "/config").deepCopy();
            if (variant.startsWith("original")) config.addProperty("original_inference_steps", Integer.parseInt(variant.substring(8)));
            Sigmas sigmas = Arrays.stream(Sigmas.values()).filter(s -> variant.equals(s.toString())).findFirst().orElse(null);
            Double eta = config.has("step_eta") ? config.get("step_eta").getAsDouble() : null;
            return kind().create(schedule(), Config.of(Fixtures.path("fewstep"), config.toString()), steps, sigmas, eta);
        }

        /** Whether a step is of the third order with the published wrong sign, which is not here. */
        boolean isWrong(int step) {
            JsonElement note = RUNS.getAsJsonObject(scheduler + "/config").get("note");
            boolean third = step > 1 && step < steps - (steps < 15 ? 2 : 1);
            return third && note != null && note.getAsString().contains("sign error");
        }
    }

    /** EDM's preconditioning is of no model that restores, so its samplers are not here. */
    static Stream<Run> runs() { return RUNS.keySet().stream().filter(k -> !k.endsWith("/config") && !k.startsWith("edm_")).map(Run::of); }

    private static Tensor answer(Tensor x, double t, Tensor c) {
        JsonObject toy = FACTS.getAsJsonObject("toy");
        double wave = Math.sin(toy.get("w").getAsDouble() * t + toy.get("p").getAsDouble());
        return x.mul(toy.get("a").getAsFloat()).add(c.mul((float) (toy.get("b").getAsDouble() * wave)));
    }

    @ParameterizedTest
    @MethodSource("runs")
    void trajectories(Run run) {
        Fixtures f = Fixtures.open("fewstep/" + run.scheduler + ".safetensors");
        double[] t = doubles(f, run.name() + ".timesteps");
        if (t[0] < LEAST) {
            assertThatThrownBy(run::sampler).hasMessageContaining("where there is hardly any noise to remove");
            return;
        }
        Sampler sampler = run.sampler();
        assertTimesteps(run, sampler.timesteps(), t);
        if (f.has(run.name() + ".sigmas")) {
            Fixtures.assertClose("sigmas", sigmas(sampler), f.floats(run.name() + ".sigmas"), run.atol("sigmas"));
        }
        double first = run.facts().get("init_noise_sigma").getAsDouble();
        assertThat((double) sampler.initNoiseSigma()).isCloseTo(first, offset(1e-6 * Math.max(1, first)));
        NoiseSchedule schedule = run.schedule();
        try (Scope _ = Scope.open(); Sampler.State state = sampler.begin()) {
            Tensor x = plain(COMMON, "noise0").mul(sampler.initNoiseSigma()), c = plain(COMMON, "c");
            Tensor noises = plain(COMMON, "step_noise"), trajectory = plain(f, run.name() + ".trajectory");
            int[] used = {0};
            for (int i = 0; i < t.length; i++) {
                if (run.isWrong(i)) return;
                Tensor in = sampler.scaleInput(x, i), data = schedule.data(answer(in, t[i], c), in, sampler.levels().from()[i]);
                x = state.step(x, data, i, () -> noises.slice(0, used[0], ++used[0]).reshape(c.shape().toArray()));
                Fixtures.assertClose(run + " step " + i, x.toFloats(), trajectory.slice(0, i, i + 1).toFloats(), run.atol("trajectory"));
            }
            assertThat(used[0]).isEqualTo(run.facts().get("noises_used").getAsInt());
        }
    }

    private static void assertTimesteps(Run run, double[] actual, double[] expected) {
        JsonObject errors = run.facts().getAsJsonObject("errors").getAsJsonObject("timesteps");
        Set<Integer> cut = new HashSet<>(); // where the published code cuts a number whose last bit decides
        if (errors.has("differ_by_one_in_fp64_at")) errors.getAsJsonArray("differ_by_one_in_fp64_at").forEach(e -> cut.add(e.getAsInt()));
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            double atol = cut.contains(i) ? 1 : errors.has("suggested_atol") ? errors.get("suggested_atol").getAsDouble() : 0;
            assertThat(actual[i]).as("timestep %d", i).isCloseTo(expected[i], offset(atol));
        }
    }

    @Test void tablesOfZeroTerminalSnr() {
        JsonObject tables = FACTS.getAsJsonObject("tables");
        NoiseSchedule schedule = NoiseSchedule.of(FILE.at("runs").at(RUNS.keySet().stream().filter(k -> !k.contains("zsnr")
                && k.endsWith("/config") && !k.startsWith("edm")).findFirst().orElseThrow()));
        NoiseSchedule ends = schedule.endingInNoise();
        Map<String, float[]> actual = Map.of("alphas_cumprod", schedule.alphasCumprod(), "zsnr.alphas_cumprod", ends.alphasCumprod(),
                "zsnr.alphas_cumprod_euler", ends.finite().alphasCumprod());
        actual.forEach((name, values) -> Fixtures.assertClose(name, values, COMMON.floats(name),
                tables.getAsJsonObject(name).get("suggested_atol").getAsDouble()));
        assertThat(ends.sigma(999)).isInfinite();
        assertThat(schedule.finite()).isSameAs(schedule);
    }

    /** The samplers of k-diffusion that are here, at the stored levels. Its churn and its shares of noise other than all and none are not. */
    static Stream<String> kdiffusion() {
        if (!FACTS.has("kdiffusion")) return Stream.of();
        return FACTS.getAsJsonObject("kdiffusion").keySet().stream()
                .filter(k -> !k.startsWith("sigmas/") && !k.contains("churn") && !k.contains("eta0.5"));
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("kdiffusion")
    void trajectoriesOfKDiffusion(String key) {
        String schedule = key.substring(key.indexOf('/') + 1), name = key.substring(0, key.indexOf('/'));
        float[] sigmas = Fixtures.open("fewstep/kdiffusion_sigmas.safetensors").floats(schedule + ".sigmas");
        Levels levels = Levels.chain(new double[sigmas.length - 1], Arrays.copyOf(sigmas, sigmas.length - 1), 0);
        Sampler sampler = ofKDiffusion(name, levels);
        double atol = FACTS.getAsJsonObject("kdiffusion").getAsJsonObject(key).get("suggested_atol").getAsDouble();
        JsonObject toy = FACTS.getAsJsonObject("toy_kdiffusion");
        boolean scaled = sampler instanceof MultistepSampler;
        try (Scope _ = Scope.open(); Sampler.State state = sampler.begin()) {
            Tensor c = plain(COMMON, "c"), noises = plain(COMMON, "step_noise");
            Tensor trajectory = plain(Fixtures.open("fewstep/kdiffusion_samplers.safetensors"), key + ".trajectory");
            Tensor x = plain(COMMON, "noise0").mul((float) (sigmas[0] * (scaled ? Levels.alpha(sigmas[0]) : 1)));
            int[] used = {0};
            int row = 0;
            for (int i = 0; i < sampler.levels().steps(); i++) {
                double sigma = sampler.levels().from()[i], wave = Math.sin(toy.get("w").getAsDouble() * sigma + toy.get("p").getAsDouble());
                Tensor in = scaled ? x : sampler.scaleInput(x, i);
                Tensor eps = in.mul(toy.get("a").getAsFloat()).add(c.mul((float) (toy.get("b").getAsDouble() * wave)));
                Tensor data = in.mul((float) (1 / Levels.alpha(sigma))).sub(eps.mul((float) sigma));
                x = state.step(x, data, i, () -> noises.slice(0, used[0], ++used[0]).reshape(c.shape().toArray()));
                boolean predicts = name.startsWith("heun") && i % 2 == 0 && i < sampler.levels().steps() - 1;
                if (predicts) continue; // rows are those of whole steps
                Tensor wide = scaled ? x.mul((float) (1 / Levels.alpha(sampler.levels().to()[i]))) : x;
                Fixtures.assertClose(key + " step " + row, wide.toFloats(), trajectory.slice(0, row, row + 1).toFloats(), atol);
                row++;
            }
            assertThat(row).isEqualTo(trajectory.size(0));
        }
    }

    private static Sampler ofKDiffusion(String name, Levels levels) {
        NoiseSchedule plain = NoiseSchedule.scaledLinear(1000, 0.00085, 0.012, NoiseSchedule.Spacing.TRAILING, 0);
        MultistepSampler.Solver solver = name.contains("midpoint") || name.equals("dpmpp_2m") ? MultistepSampler.Solver.MIDPOINT
                : MultistepSampler.Solver.HEUN;
        boolean draws = name.contains("sde") && !name.endsWith("eta0");
        int order = name.contains("3m") ? 3 : 2;
        return switch (name.substring(0, 4)) {
            case "heun" -> SecondOrderSampler.heun(levels, plain);
            case "dpmp" -> new MultistepSampler(levels, new MultistepSampler.Method(solver, order, draws, true, false));
            default -> name.equals("euler_ancestral") ? EulerSampler.ancestral(levels, plain) : EulerSampler.of(levels, plain);
        };
    }

    @Test void optionsMakeTheSampler() {
        Config c = FILE.at("runs").at("euler/config");
        NoiseSchedule schedule = NoiseSchedule.of(c).with(NoiseSchedule.Spacing.LEADING);
        Options o = Options.defaults().with(DiffusionOptions.STEPS, 4).with(DiffusionOptions.SAMPLER, Samplers.EULER);
        assertThat(Samplers.of(o.parsed(DiffusionOptions.SPACING, "trailing"), schedule, c).timesteps()).containsExactly(999, 749, 499, 249);
        assertThat(Samplers.of(o.parsed(DiffusionOptions.TIMESTEPS, "800,300"), schedule, c).timesteps()).containsExactly(800, 300);
        assertThat(Samplers.of(o.parsed(DiffusionOptions.SAMPLER, "lcm"), schedule, c).timesteps()).containsExactly(999, 759, 499, 259);
        assertThat(Samplers.of(o.parsed(DiffusionOptions.SIGMAS, "karras"), schedule, c).levels().from()[1])
                .isNotEqualTo(Samplers.of(o, schedule, c).levels().from()[1]);
        refuses(o.parsed(DiffusionOptions.TIMESTEPS, "300,200"), "euler must begin at timestep 500 or above, not 300");
        refuses(o.parsed(DiffusionOptions.TIMESTEPS, "1000"), "timesteps must be below 1000, not 1000");
        refuses(o.parsed(DiffusionOptions.ETA, "0.5"), "the sampler euler takes no eta");
        refuses(o.parsed(DiffusionOptions.SAMPLER, "ddim").parsed(DiffusionOptions.SIGMAS, "beta"),
                "the sampler ddim has the levels of its timesteps");
        refuses(o.parsed(DiffusionOptions.SAMPLER, "tcd").parsed(DiffusionOptions.SPACING, "trailing"),
                "has timesteps of its own, so it takes no spacing");
        refuses(o.parsed(DiffusionOptions.TIMESTEPS, "900").parsed(DiffusionOptions.SIGMAS, "beta"), "takes timesteps or sigmas, not both");
        for (String wrong : List.of("", "a", "1,2", "5,5", "9,-1", "5,")) {
            assertThatThrownBy(() -> DiffusionOptions.TIMESTEPS.parse(wrong)).hasMessageStartingWith("timesteps must be whole numbers");
        }
    }

    @Test void guidanceInAnInterval() {
        Guidance g = DiffusionOptions.guidance(Options.defaults().parsed(DiffusionOptions.GUIDANCE_INTERVAL, "0.28:5.42"), 5);
        assertThat(g).isEqualTo(new Guidance(5, 0, 0.28, 5.42));
        assertThat(new boolean[] {g.active(0.28), g.active(0.29), g.active(5.42), g.active(5.43)}).containsExactly(false, true, true, false);
        assertThat(new Guidance(1, 0, 0.28, 5.42).active(1)).isFalse();
        assertThat(new Guidance(5, 0).active(Double.POSITIVE_INFINITY)).isTrue();
        for (String wrong : List.of("", "1", "2:1", "1:1", "-1:2", "a:b", "1:2:3")) {
            assertThatThrownBy(() -> DiffusionOptions.GUIDANCE_INTERVAL.parse(wrong)).hasMessageStartingWith("guidance-interval must be two numbers");
        }
    }

    private static void refuses(Options o, String says) {
        Config c = FILE.at("runs").at("euler/config");
        assertThatThrownBy(() -> Samplers.of(o, NoiseSchedule.of(c), c)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(says);
    }

    private static float[] sigmas(Sampler s) {
        float[] all = Arrays.copyOf(s.levels().from(), s.levels().steps() + 1);
        all[s.levels().steps()] = s.levels().to()[s.levels().steps() - 1];
        return all;
    }

    private static double[] doubles(Fixtures f, String name) {
        SafeTensors.Entry e = f.entry(name);
        return LongStream.range(0, e.shape().count()).mapToDouble(i -> e.dtype().get(e.data(), i * e.dtype().bytes())).toArray();
    }

    /** In the file's own order, which samplers do not care about. */
    private static Tensor plain(Fixtures f, String name) { return Tensor.of(f.floats(name), f.shape(name).toArray()); }
}
