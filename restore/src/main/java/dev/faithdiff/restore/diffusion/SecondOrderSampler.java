package dev.faithdiff.restore.diffusion;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Solvers in the noise level that predict twice for each level: where a step begins, and at a second level that they go to first; then they take
 * the step again by what was predicted there. Each prediction is a step here, but for the last level, which goes to the data at once: of n levels
 * {@code 2n - 1} steps. (Karras et al. 2022, algorithms 1 and 2; Lu et al. 2022; diffusers HeunDiscreteScheduler; k-diffusion.)
 */
public final class SecondOrderSampler implements Sampler {
    /** What takes the whole step. */
    enum Method {
        /** Heun's: the mean of the slopes at both levels; the second level is the step's end. */
        HEUN,
        /** DPM-Solver-2: the slope at the second level. */
        SLOPE,
        /** DPM-Solver++(2S) and its SDE: the data predicted at the second level. */
        DATA
    }

    private final Method method;
    private final Levels levels;
    private final float[] keeps;
    private final float initNoiseSigma;
    private final boolean draws;

    /**
     * @param levels of each prediction: two for each step, one for the last
     * @param keeps  predicted noise over signal that stays behind each of them, at most {@code to}; the rest is drawn
     * @param draws  whether noise is drawn
     */
    private SecondOrderSampler(Method method, Levels levels, float[] keeps, float initNoiseSigma, boolean draws) {
        this.method = method;
        this.levels = levels;
        this.keeps = keeps;
        this.initNoiseSigma = initNoiseSigma;
        this.draws = draws;
    }

    /** HeunDiscreteScheduler. @param end noise over signal after the last step */
    public static SecondOrderSampler heun(NoiseSchedule schedule, int steps, Sigmas sigmas, double end) {
        return heun(EulerSampler.levels(schedule.finite(), steps, sigmas, end), schedule);
    }

    static SecondOrderSampler heun(Levels each, NoiseSchedule schedule) {
        Second second = i -> new Second.Level(each.to()[i], each.to()[i], each.timesteps()[i + 1]);
        return of(Method.HEUN, each, each.to(), second, EulerSampler.first(schedule, each), false);
    }

    /** Chooses the second level of a step. */
    @FunctionalInterface
    interface Second {
        /** @param keeps predicted noise over signal that stays when it is reached */
        record Level(double sigma, double keeps, double timestep) {}

        Level of(int step);
    }

    /**
     * @param each  the levels of the steps
     * @param keeps predicted noise over signal that stays after each step
     * @param draws whether noise is drawn
     */
    static SecondOrderSampler of(Method method, Levels each, float[] keeps, Second second, float initNoiseSigma, boolean draws) {
        int n = 2 * each.steps() - 1;
        double[] timesteps = new double[n];
        float[] from = new float[n], to = new float[n], kept = new float[n];
        for (int i = 0; i < n; i++) {
            int step = i / 2;
            boolean last = i == n - 1;
            Second.Level inner = last ? null : second.of(step);
            timesteps[i] = corrects(i) ? inner.timestep() : each.timesteps()[step];
            from[i] = corrects(i) ? (float) inner.sigma() : each.from()[step];
            to[i] = corrects(i) || last ? each.to()[step] : (float) inner.sigma();
            kept[i] = corrects(i) || last ? keeps[step] : (float) inner.keeps();
        }
        return new SecondOrderSampler(method, new Levels(timesteps, from, to), kept, initNoiseSigma, draws);
    }

    /** Whether a prediction is the second of its step. */
    private static boolean corrects(int step) { return step % 2 == 1; }

    @Override public Levels levels() { return levels; }

    @Override public float initNoiseSigma() { return initNoiseSigma; }

    @Override public Tensor scaleInput(Tensor x, int step) { return x.mul((float) Levels.alpha(levels.from()[step])); }

    @Override public Tensor noised(Tensor data, Tensor noise, int step) { return data.add(noise.mul(levels.from()[step])); }

    /** A step is not begun at its second prediction: the next one is taken. */
    @Override public Sampler from(int step) {
        int first = corrects(step) ? step + 1 : step, left = levels.steps() - first;
        float[] kept = new float[left];
        System.arraycopy(keeps, first, kept, 0, left);
        return new SecondOrderSampler(method, levels.from(first), kept, initNoiseSigma, draws);
    }

    @Override public State begin() { return new Memory(); }

    private final class Memory implements State {
        private static final String START = "start";
        private Scope held = Scope.detached();
        private Tensor start;

        @Override public Tensor step(Tensor x, Tensor data, int step, Supplier<Tensor> noise) {
            double from = levels.from()[step], keep = keeps[step], to = levels.to()[step];
            try (Scope s = Scope.open()) {
                Tensor latents = x.to(DType.F32), clean = data.to(DType.F32);
                Tensor next = corrects(step) ? corrected(latents, clean, from, levels.from()[step - 1], keep) : moved(latents, clean, from, keep);
                if (!corrects(step) && step < levels.steps() - 1) remember(latents.mul(1));
                if (draws && to > 0 && (corrects(step) || keep < to)) next = next.add(noise.get().mul((float) Math.sqrt(to * to - keep * keep)));
                return s.keep(next.to(data.dtype()));
            }
        }

        /** The latents with as much of their noise over the data as {@code keep} of {@code from}. */
        private Tensor moved(Tensor x, Tensor data, double from, double keep) {
            return x.mul((float) (keep / from)).add(data.mul((float) (1 - keep / from)));
        }

        /** @param at the second level, where x is @param from the level at which the step began */
        private Tensor corrected(Tensor x, Tensor data, double at, double from, double keep) {
            return switch (method) {
                case DATA -> moved(start, data, from, keep);
                case SLOPE -> start.add(x.sub(data).mul((float) ((keep - from) / at)));
                case HEUN -> start.add(x.sub(start).mul(0.5f)).add(x.sub(data).mul((float) ((keep - from) / (2 * at))));
            };
        }

        private void remember(Tensor start) {
            close();
            held = Scope.detached();
            this.start = held.adopt(start);
        }

        @Override public Map<String, Tensor> memory() { return start == null ? Map.of() : Map.of(START, start); }

        @Override public void recall(Map<String, Tensor> memory) { remember(memory.get(START)); }

        @Override public void close() { held.close(); }
    }
}
