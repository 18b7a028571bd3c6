package dev.faithdiff.restore.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.model.Config;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Files;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The schedulers of diffusers as Stable Diffusion 2.1 configures them, with stored answers in the network's place. */
class Sd21SchedulersTest {
    private static final String NAME = "diffusers_schedulers.safetensors", TABLES = "sd21/schedules.safetensors";
    private static final Config FACTS = Config.read(Fixtures.path("sd21/sd21.json")).at("files").at(NAME);

    static Set<String> cases() { return FACTS.json().getAsJsonObject("cases").keySet(); }

    @ParameterizedTest
    @MethodSource("cases")
    void steps(String name) {
        JsonObject facts = FACTS.json().getAsJsonObject("cases").getAsJsonObject(name);
        Config c = Config.of(Fixtures.path("sd21/sd21.json"), facts.toString());
        NoiseSchedule schedule = NoiseSchedule.of(c);
        double[] timesteps = facts.getAsJsonArray("timesteps").asList().stream().mapToDouble(JsonElement::getAsDouble).toArray();
        Double eta = name.contains("eta1") ? 1.0 : null;
        Sampler sampler = Samplers.published(facts.get("class").getAsString()).create(schedule, c, timesteps.length, null, eta);
        assertThat(sampler.timesteps()).containsExactly(timesteps);
        double first = facts.get("init_noise_sigma").getAsDouble();
        assertThat((double) sampler.initNoiseSigma()).isCloseTo(first, offset(1e-6 * first));
        Fixtures stored = Fixtures.open("sd21/" + NAME);
        int[] drawn = {0};
        try (Scope _ = Scope.open(); Sampler.State state = sampler.begin()) {
            Tensor x = Fixtures.tensor(stored, "x_T").mul(sampler.initNoiseSigma());
            for (int i = 0; i < timesteps.length; i++) {
                Tensor in = sampler.scaleInput(x, i);
                Tensor data = schedule.data(Fixtures.tensor(stored, "model_output." + i), in, sampler.levels().from()[i]);
                x = state.step(x, data, i, () -> Fixtures.tensor(stored, "noise." + drawn[0]++));
                String after = name + ".after." + i;
                Fixtures.assertClose(after, x, stored, after, FACTS.at("errors").at(after).number("suggested_atol"));
            }
        }
    }

    /** As diffusers computes them, in F32: within 1e-6, since the largest is 1. */
    @Test void tables() {
        assumeTrue(Files.exists(Fixtures.path(TABLES)), "this set has no tables");
        Fixtures stored = Fixtures.open(TABLES);
        NoiseSchedule plain = NoiseSchedule.scaledLinear(1000, 0.00085, 0.012, NoiseSchedule.Spacing.LEADING, 1);
        Fixtures.assertClose("plain", plain.alphasCumprod(), stored.floats("diffusers.alphas_cumprod_f32"), 1e-6);
        Fixtures.assertClose("zero terminal SNR", plain.endingInNoise().alphasCumprod(), stored.floats("diffusers.zsnr_alphas_cumprod_f32"), 1e-6);
    }
}
