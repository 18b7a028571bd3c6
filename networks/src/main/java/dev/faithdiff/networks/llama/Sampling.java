package dev.faithdiff.networks.llama;

import dev.faithdiff.tensor.Rng;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * How the next token is chosen among scores (transformers: temperature, then top-k, then top-p).
 *
 * @param temperature 0: the best one @param topK how many may be chosen; 0: all
 * @param topP what share of the probability those have that may be chosen, 1: all
 */
public record Sampling(double temperature, int topK, double topP) {
    /** Always the best. */
    public static final Sampling GREEDY = new Sampling(0, 0, 1);

    /** @throws IllegalArgumentException if a number is out of range */
    public Sampling {
        if (!(temperature >= 0 && temperature <= 100)) throw new IllegalArgumentException("the temperature is 0 to 100");
        if (topK < 0 || !(topP >= 0 && topP <= 1)) throw new IllegalArgumentException("top-k is 0 or more, top-p 0 to 1");
    }

    /** A token. @param noise drawn from only if the choice is random */
    public int choose(float[] logits, Rng noise) {
        if (temperature == 0) return best(logits);
        float[] q = noise.rand(logits.length);
        for (int i = 0; i < q.length; i++) q[i] = (float) -Math.log1p(-q[i]);
        return choose(probabilities(logits), q);
    }

    /** One draw: the best of probabilities, each over a number of an exponential distribution. */
    public static int choose(float[] probabilities, float[] exponential) {
        float[] share = new float[probabilities.length];
        for (int i = 0; i < share.length; i++) share[i] = probabilities[i] / exponential[i];
        return best(share);
    }

    private static int best(float[] x) {
        int best = 0;
        for (int i = 1; i < x.length; i++) if (x[i] > x[best]) best = i;
        return best;
    }

    /** The probability of each token, 0 for those that may not be chosen. The temperature is not 0. */
    public float[] probabilities(float[] logits) {
        float[] x = new float[logits.length];
        for (int i = 0; i < x.length; i++) x[i] = logits[i] / (float) temperature;
        int[] order = IntStream.range(0, x.length).boxed().sorted(Comparator.comparingDouble(i -> x[i])).mapToInt(i -> i).toArray();
        if (topK > 0 && topK < x.length) { // those that are as good as the last of the best stay, too
            float least = x[order[x.length - topK]];
            for (int i = 0; i < x.length; i++) if (x[i] < least) x[i] = Float.NEGATIVE_INFINITY;
        }
        if (topP < 1) {
            float[] p = softmax(x);
            float sum = 0;
            for (int i = 0; i < x.length - 1; i++) {
                sum += p[order[i]];
                if (sum <= (float) (1 - topP)) x[order[i]] = Float.NEGATIVE_INFINITY;
            }
        }
        return softmax(x);
    }

    private static float[] softmax(float[] x) {
        float max = Float.NEGATIVE_INFINITY;
        for (float v : x) max = Math.max(max, v);
        float[] p = new float[x.length];
        double sum = 0;
        for (int i = 0; i < x.length; i++) sum += p[i] = (float) Math.exp(x[i] - max);
        for (int i = 0; i < x.length; i++) p[i] /= (float) sum;
        return p;
    }
}
