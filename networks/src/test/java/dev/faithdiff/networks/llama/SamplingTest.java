package dev.faithdiff.networks.llama;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.tensor.Rng;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Drawing tokens as transformers does. */
class SamplingTest {
    private final Fixtures f = Fixtures.open("llava/stages/sampling.safetensors");

    @Test void probabilities() {
        Map<String, JsonElement> cases = Fixtures.json("llava/stages.json").getAsJsonObject("files").getAsJsonObject("sampling.safetensors")
                .getAsJsonObject("cases").asMap();
        assertThat(cases).isNotEmpty();
        int rows = f.shape("logits").size(0), n = f.shape("logits").size(1);
        cases.forEach((name, c) -> {
            JsonObject o = c.getAsJsonObject();
            Sampling sampling = new Sampling(o.get("temperature").getAsDouble(), o.get("top_k").getAsInt(), o.get("top_p").getAsDouble());
            float[] all = new float[rows * n];
            for (int r = 0; r < rows; r++) {
                float[] p = sampling.probabilities(Arrays.copyOfRange(f.floats("logits"), r * n, (r + 1) * n));
                System.arraycopy(p, 0, all, r * n, n);
            }
            Fixtures.assertClose(name, all, f.floats(name + ".probabilities"), 1e-6);
        });
    }

    @Test void drawsAreTheSeeds() {
        float[] logits = Arrays.copyOf(f.floats("logits"), f.shape("logits").size(1));
        Sampling sampling = new Sampling(1, 0, 1);
        Rng a = Rng.cpu(5), b = Rng.cpu(5), c = Rng.cpu(6);
        int[] first = new int[40], same = new int[40], other = new int[40];
        for (int i = 0; i < 40; i++) {
            first[i] = sampling.choose(logits, a);
            same[i] = sampling.choose(logits, b);
            other[i] = sampling.choose(logits, c);
        }
        assertThat(same).isEqualTo(first);
        assertThat(other).isNotEqualTo(first);
    }
}
