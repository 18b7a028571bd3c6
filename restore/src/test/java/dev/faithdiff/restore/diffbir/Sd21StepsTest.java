package dev.faithdiff.restore.diffbir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.restore.diffusion.SignalTable;
import dev.faithdiff.restore.diffusion.Levels;
import dev.faithdiff.restore.diffusion.NoiseSchedule;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.io.SafeTensors;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Tables and single steps of Stable Diffusion 2.1 as DiffBIR's code computes them. */
class Sd21StepsTest {
    private static final String TABLES = "sd21/schedules.safetensors";
    private static final Fixtures STEPS = Fixtures.open("sd21/prediction.safetensors");
    private static final JsonObject ERRORS = Fixtures.json("sd21/sd21.json").getAsJsonObject("files").getAsJsonObject("prediction.safetensors")
            .getAsJsonObject("errors");

    private static Config scheduler(boolean velocity) {
        return Config.of(Path.of("scheduler"), """
                {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "num_train_timesteps": 1000, "prediction_type": "%s",
                 "rescale_betas_zero_snr": %s}""".formatted(velocity ? "v_prediction" : "epsilon", velocity));
    }

    @Test void aScheduleHasTimesteps() {
        Config none = Config.of(Path.of("scheduler"), "{\"num_train_timesteps\": 0, \"beta_start\": 0.00085, \"beta_end\": 0.012}");
        assertThatThrownBy(() -> NoiseSchedule.of(none)).isInstanceOf(ModelError.class)
                .hasMessage("scheduler: 'num_train_timesteps' must be a whole number from 1 to 1000000, not 0");
    }

    private static double atol(String name) { return ERRORS.getAsJsonObject(name).get("suggested_atol").getAsDouble(); }

    private static void check(String name, Tensor actual) { Fixtures.assertClose(name, actual, STEPS, name, atol(name)); }

    /** Each kind and number of steps that is stored, such as "eps" and 5. */
    static Stream<Arguments> spaced() {
        return STEPS.names().stream().filter(n -> n.endsWith(".timesteps")).map(n -> n.split("\\."))
                .map(n -> Arguments.of(n[0], Integer.parseInt(n[1])));
    }

    /** Clean data and the latents after a step that stands alone: the first, the middle and the last one of the spaced sampler. */
    @ParameterizedTest
    @MethodSource("spaced")
    void spacedSteps(String kind, int steps) {
        Config c = scheduler(kind.equals("v"));
        Sampler s = DiffBirSampler.SPACED.of(SignalTable.of(c), steps, 0, 1);
        NoiseSchedule schedule = NoiseSchedule.of(c);
        long[] rising = STEPS.longs(kind + "." + steps + ".timesteps");
        for (int i = 0; i < steps; i++) assertThat(s.timesteps()[i]).isEqualTo(rising[steps - 1 - i]);
        List<Integer> stored = IntStream.range(0, steps).filter(i -> STEPS.has(kind + "." + steps + ".index" + i + ".pred_x0")).boxed().toList();
        assertThat(stored).isNotEmpty();
        try (Scope _ = Scope.open()) {
            Tensor x = Fixtures.tensor(STEPS, "x_t"), answer = Fixtures.tensor(STEPS, "model_output");
            for (int index : stored) {
                String name = kind + "." + steps + ".index" + index;
                int step = steps - 1 - index;
                Tensor data = schedule.data(answer, x, s.levels().from()[step]);
                check(name + ".pred_x0", data);
                try (Sampler.State state = s.begin()) {
                    check(name + ".x_prev", state.step(x, data, step, () -> Fixtures.tensor(STEPS, "noise")));
                }
            }
        }
    }

    /** The signal's share of the kept timesteps, plain for noise and with zero terminal SNR for velocities. */
    @ParameterizedTest
    @MethodSource("spaced")
    void spacedTables(String kind, int steps) {
        Levels levels = DiffBirSampler.SPACED.of(SignalTable.of(scheduler(kind.equals("v"))), steps, 0, 1).levels();
        String start = kind + "." + steps + ".";
        float[] signal = STEPS.floats(start + "sqrt_alphas_cumprod"), noise = STEPS.floats(start + "sqrt_one_minus_alphas_cumprod");
        for (int i = 0; i < steps; i++) {
            double sigma = levels.from()[steps - 1 - i];
            assertThat(Levels.alpha(sigma)).as("signal %d", i).isCloseTo(signal[i], offset(atol(start + "sqrt_alphas_cumprod")));
            assertThat(Levels.spread(sigma)).as("noise %d", i).isCloseTo(noise[i], offset(atol(start + "sqrt_one_minus_alphas_cumprod")));
        }
    }

    @Test void noisedData() {
        try (Scope _ = Scope.open()) {
            Tensor x = Fixtures.tensor(STEPS, "x_t"), noise = Fixtures.tensor(STEPS, "noise");
            List<String> names = STEPS.names().stream().filter(n -> n.contains(".q_sample.t")).toList();
            assertThat(names).isNotEmpty();
            for (String name : names) {
                int t = Integer.parseInt(name.substring(name.lastIndexOf(".t") + 2));
                Config c = scheduler(!name.startsWith("eps"));
                Tensor noised = SignalTable.of(c).noised(x, noise, t);
                check(name, noised);
                String velocity = name.replace("q_sample", "get_v");
                if (!STEPS.has(velocity)) continue;
                NoiseSchedule schedule = NoiseSchedule.of(c).with(NoiseSchedule.Prediction.VELOCITY);
                Tensor answer = Fixtures.tensor(STEPS, velocity);
                double atol = atol(name) + atol(velocity);
                Fixtures.assertClose(velocity, schedule.noise(answer, noised, new int[] {t}), STEPS, "noise", atol);
                Fixtures.assertClose(velocity, schedule.data(answer, noised, schedule.sigma(t)), STEPS, "x_t", atol);
            }
        }
    }

    /** Positions are summed up before they are rounded; a single one would be clean already, so it is refused. */
    @Test void timesteps() {
        JsonObject all = Fixtures.json("sd21/timesteps.json").getAsJsonObject("space_timesteps(1000, n)");
        for (String n : all.keySet()) {
            if (n.equals("1")) continue;
            double[] rising = all.getAsJsonArray(n).asList().stream().mapToDouble(JsonElement::getAsDouble).toArray();
            double[] own = DiffBirSampler.SPACED.of(SignalTable.of(scheduler(false)), Integer.parseInt(n), 0, 1).timesteps();
            assertThat(IntStream.range(0, own.length).mapToDouble(i -> own[own.length - 1 - i])).as(n).containsExactly(boxed(rising));
        }
    }

    private static Double[] boxed(double[] all) { return Arrays.stream(all).boxed().toArray(Double[]::new); }

    /** In double precision, as published. */
    @Test void tables() {
        assumeTrue(Files.exists(Fixtures.path(TABLES)), "this set has no tables");
        Fixtures stored = Fixtures.open(TABLES);
        for (boolean velocity : new boolean[] {false, true}) {
            SafeTensors.Entry e = stored.entry((velocity ? "zsnr" : "eps") + ".alphas_cumprod_f64");
            double[] own = SignalTable.of(scheduler(velocity)).alphas();
            for (int i = 0; i < own.length; i++) {
                assertThat(own[i]).as("%s", i).isCloseTo(e.data().get(ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 8L * i),
                        offset(1e-12));
            }
        }
    }
}
