package dev.faithdiff.restore.dreamclear;

import dev.faithdiff.restore.diffusion.Levels;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.diffusion.SignalTable;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * Ancestral steps whose noise has a variance that the network predicts, between the smallest and the largest one of the chain (Nichol and Dhariwal,
 * arXiv:2102.09672, equation 15). Source: IDDPM of PixArt, SpacedDiffusion and p_sample.
 *
 * <p>Clean data come with the variance behind them: {@code [1, h, w, 2C]}, where -1 is the smallest and 1 the largest.
 *
 * @param clean of the mean: the share of the clean data, for each step
 * @param stays of the mean: the share of the latents
 * @param least logarithm of the smallest variance
 * @param most  logarithm of the largest variance
 */
record LearnedVarianceSampler(Levels levels, float[] clean, float[] stays, float[] least, float[] most) implements Sampler {
    /** So many of the training's steps, evenly spread, with the first and the last one. @param steps at least 2 */
    static LearnedVarianceSampler of(SignalTable table, int steps) {
        double[] visited = table.spaced(steps), share = new double[steps], beta = new double[steps], variance = new double[steps];
        float[] from = new float[steps], clean = new float[steps], stays = new float[steps], least = new float[steps], most = new float[steps];
        for (int i = 0; i < steps; i++) {
            share[i] = table.alphas()[(int) visited[steps - 1 - i]];
            double before = i == 0 ? 1 : share[i - 1];
            beta[i] = 1 - share[i] / before;
            variance[i] = beta[i] * (1 - before) / (1 - share[i]);
        }
        for (int i = 0; i < steps; i++) {
            int at = steps - 1 - i;
            double before = at == 0 ? 1 : share[at - 1];
            from[i] = (float) Math.sqrt(1 / share[at] - 1);
            clean[i] = (float) (beta[at] * Math.sqrt(before) / (1 - share[at]));
            stays[i] = (float) ((1 - before) * Math.sqrt(1 - beta[at]) / (1 - share[at]));
            least[i] = (float) Math.log(variance[Math.max(at, Math.min(1, steps - 1))]); // the last step's would be 0
            most[i] = (float) Math.log(beta[at]);
        }
        return new LearnedVarianceSampler(Levels.chain(visited, from, 0), clean, stays, least, most);
    }

    @Override public Sampler from(int step) {
        int steps = levels.steps();
        Levels left = Levels.chain(Arrays.copyOfRange(levels.timesteps(), step, steps), Arrays.copyOfRange(levels.from(), step, steps), 0);
        return new LearnedVarianceSampler(left, Arrays.copyOfRange(clean, step, steps), Arrays.copyOfRange(stays, step, steps),
                Arrays.copyOfRange(least, step, steps), Arrays.copyOfRange(most, step, steps));
    }

    @Override public State begin() { return this::step; }

    private Tensor step(Tensor x, Tensor data, int step, Supplier<Tensor> noise) {
        int channels = x.size(3);
        try (Scope s = Scope.open()) {
            Tensor d = data.to(DType.F32), next = d.slice(3, 0, channels).mul(clean[step]).add(x.to(DType.F32).mul(stays[step]));
            if (step < levels.steps() - 1) {
                float half = (most[step] - least[step]) / 4, middle = (most[step] + least[step]) / 4; // of the deviation's logarithm
                Tensor deviation = d.slice(3, channels, 2 * channels).affine(half, middle).exp();
                next = next.add(deviation.mul(noise.get()));
            }
            return s.keep(next.to(data.dtype()));
        }
    }
}
