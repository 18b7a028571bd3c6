package dev.faithdiff.restore.diffusion;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Heun's method in the noise level (Karras et al. 2022, algorithm 1; diffusers HeunDiscreteScheduler): an Euler step, the prediction at its end,
 * and the step again with the mean of both slopes. Each of these predictions is a step here, but for the last level, which is plain Euler: of n
 * levels {@code 2n - 1} steps.
 */
public final class HeunSampler implements Sampler {
    private final Levels levels;
    private final float initNoiseSigma;

    /** @param end noise over signal after the last step */
    public HeunSampler(NoiseSchedule schedule, int steps, Sigmas sigmas, double end) {
        this(EulerSampler.levels(schedule.finite(), steps, sigmas, end), schedule);
    }

    HeunSampler(Levels each, NoiseSchedule schedule) { this(twice(each), EulerSampler.first(schedule, each)); }

    private HeunSampler(Levels levels, float initNoiseSigma) {
        this.levels = levels;
        this.initNoiseSigma = initNoiseSigma;
    }

    /** Each level but the first also where the step that came to it is corrected. */
    private static Levels twice(Levels each) {
        int n = 2 * each.steps() - 1;
        double[] timesteps = new double[n];
        float[] from = new float[n], to = new float[n];
        for (int i = 0; i < n; i++) {
            int level = (i + 1) / 2;
            timesteps[i] = each.timesteps()[level];
            from[i] = each.from()[level];
            to[i] = corrects(i) ? from[i] : each.to()[level];
        }
        return new Levels(timesteps, from, to);
    }

    private static boolean corrects(int step) { return step % 2 == 1; }

    @Override public Levels levels() { return levels; }

    @Override public float initNoiseSigma() { return initNoiseSigma; }

    @Override public Tensor scaleInput(Tensor x, int step) { return x.mul((float) Levels.alpha(levels.from()[step])); }

    @Override public Tensor noised(Tensor data, Tensor noise, int step) { return data.add(noise.mul(levels.from()[step])); }

    /** Where a step is corrected, the next one has the same level and begins there. */
    @Override public Sampler from(int step) { return new HeunSampler(levels.from(corrects(step) ? step + 1 : step), initNoiseSigma); }

    @Override public State begin() { return new Memory(); }

    private final class Memory implements State {
        private Scope held = Scope.detached();
        private Tensor start, slope;

        @Override public Tensor step(Tensor x, Tensor data, int step, Supplier<Tensor> noise) {
            float from = levels.from()[step];
            try (Scope s = Scope.open()) {
                Tensor latents = x.to(DType.F32), now = latents.sub(data.to(DType.F32)).mul(1 / from), next;
                if (corrects(step)) {
                    next = start.add(slope.add(now).mul((from - levels.from()[step - 1]) / 2));
                } else {
                    next = latents.add(now.mul(levels.to()[step] - from));
                    if (step < levels.steps() - 1) remember(latents.mul(1), now);
                }
                return s.keep(next.to(data.dtype()));
            }
        }

        private void remember(Tensor start, Tensor slope) {
            close();
            held = Scope.detached();
            this.start = held.adopt(start);
            this.slope = held.adopt(slope);
        }

        @Override public Map<String, Tensor> memory() {
            Map<String, Tensor> memory = new HashMap<>();
            if (start != null) memory.put("start", start);
            if (slope != null) memory.put("slope", slope);
            return memory;
        }

        @Override public void recall(Map<String, Tensor> memory) { remember(memory.get("start"), memory.get("slope")); }

        @Override public void close() { held.close(); }
    }
}
