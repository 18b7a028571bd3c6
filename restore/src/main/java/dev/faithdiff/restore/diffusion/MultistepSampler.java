package dev.faithdiff.restore.diffusion;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Solvers in the logarithm of signal over noise that remember the data predicted in earlier steps. DPM-Solver++ of second and third order (Lu et
 * al. 2022; diffusers DPMSolverMultistepScheduler) solves the equation without noise or, SDE, that with noise in every step, which is the same
 * with twice the logarithm. UniPC (Zhao et al. 2023, algorithms 5 to 8; diffusers UniPCMultistepScheduler) makes the same step, and then corrects
 * it by the prediction made after it.
 *
 * <p>The third order with noise is that of k-diffusion: diffusers' has a wrong sign, and so a second difference that never fades.
 */
public final class MultistepSampler implements Sampler {
    /** The published variants. MIDPOINT and HEUN are DPM-Solver++'s, BH1 and BH2 are UniPC's. */
    public enum Solver {
        MIDPOINT, HEUN, BH1, BH2;

        boolean corrects() { return this == BH1 || this == BH2; }

        /** Weight of the first difference of data predictions in a step of {@code h}. */
        double second(double h) {
            return switch (this) {
                case MIDPOINT, BH2 -> -Math.expm1(-h) / 2;
                case HEUN -> Math.expm1(-h) / h + 1;
                case BH1 -> h / 2;
            };
        }
    }

    /**
     * What kind of steps are taken.
     *
     * @param order      2 or 3; the first steps have what there is to remember
     * @param draws      whether noise is drawn in every step
     * @param lowersLast whether the last step is of first order
     * @param lowersMore whether the one before it is of second order at most
     */
    record Method(Solver solver, int order, boolean draws, boolean lowersLast, boolean lowersMore) {}

    /** Half the logarithm of signal over noise below which {@link #uniform} does not begin. */
    private static final double LEAST_SIGNAL = -5.1;
    /** From so many steps on the last one of {@link #uniform} has second order, too. */
    private static final int MANY_STEPS = 10;

    private final Levels levels;
    private final Method method;
    private final Solver solver;

    MultistepSampler(Levels levels, Method method) {
        this.levels = levels;
        this.method = method;
        solver = method.solver;
    }

    /**
     * The levels for the timesteps of a schedule.
     *
     * @param end noise over signal after the last step
     * @throws IllegalArgumentException in one line if the schedule has no level of its own for each step, since a step must lower the noise
     */
    static Levels levels(NoiseSchedule schedule, int steps, Sigmas sigmas, double end) {
        NoiseSchedule finite = schedule.finite();
        if (sigmas != Sigmas.SCHEDULE) {
            return Levels.spread(sigmas, finite, finite.sigma(finite.timesteps() - 1), finite.sigma(0), steps, true, end);
        }
        Levels levels = spread(finite, steps, end);
        if (levels.falls()) return levels;
        int most = steps - 1;
        while (!spread(finite, most, end).falls()) most--;
        throw new IllegalArgumentException("this sampler takes at most " + most + " steps with this model's timesteps, not " + steps);
    }

    private static Levels spread(NoiseSchedule schedule, int steps, double end) {
        return Levels.at(schedule, schedule.timesteps(steps, true, true), end);
    }

    /** DPM-Solver++ of second order without noise, on given levels. @param lowersLast whether the last step is of first order */
    public static MultistepSampler midpoint(Levels levels, boolean lowersLast) {
        return new MultistepSampler(levels, new Method(Solver.MIDPOINT, 2, false, lowersLast, false));
    }

    /**
     * DPM-Solver++ of second order evenly in time, as its authors' own code spreads it (DPM_Solver, time_uniform): of the training's timesteps those
     * that have signal enough, from the last to the first, of which fractions are asked.
     *
     * @param steps from 2 to one less than there are timesteps
     */
    public static MultistepSampler uniform(SignalTable table, int steps) {
        int count = table.timesteps();
        while (Math.log(table.sigma(count - 1)) > -LEAST_SIGNAL) count--;
        double[] t = new double[steps];
        float[] from = new float[steps];
        for (int i = 0; i < steps; i++) {
            double time = 1 + i * (1.0 / count - 1) / steps, at = time * count - 1;
            t[i] = 1000 * (time - 1.0 / count);
            from[i] = (float) table.sigma(at);
        }
        return midpoint(Levels.chain(t, from, table.sigma(0)), steps < MANY_STEPS);
    }

    @Override public Sampler from(int step) { return new MultistepSampler(levels.from(step), method); }

    @Override public Levels levels() { return levels; }

    @Override public State begin() { return new Memory(); }

    private int order(int step) {
        int left = levels.steps() - step, most = method.lowersLast && left == 1 ? 1 : method.lowersMore && left == 2 ? 2 : method.order;
        return Math.min(step + 1, most);
    }

    /** By how much the logarithm of signal over noise grows in a step. */
    private double h(int step) { return Math.log(levels.from()[step] / (double) levels.to()[step]); }

    /** The same as the solution of the equation counts it. */
    private double counted(int step) { return method.draws ? 2 * h(step) : h(step); }

    private final class Memory implements State {
        private Scope held = Scope.detached();
        private Tensor start, last, before;

        @Override public Tensor step(Tensor x, Tensor prediction, int step, Supplier<Tensor> noise) {
            try (Scope s = Scope.open()) {
                Tensor latents = x.to(DType.F32), data = prediction.to(DType.F32).mul(1);
                if (solver.corrects()) latents = step == 0 ? latents.mul(1) : corrected(data, step - 1);
                Tensor next = firstOrder(latents, data, step);
                if (order(step) > 1) next = next.add(differences(data, step).mul((float) Levels.alpha(levels.to()[step])));
                if (method.draws) next = next.add(noise.get().mul((float) drawn(step)));
                remember(solver.corrects() ? latents : null, data, solver.corrects() || method.order > 2 ? last : null);
                return s.keep(next.to(prediction.dtype()));
            }
        }

        /** The step of first order, for which the data prediction stays the same. */
        private Tensor firstOrder(Tensor x, Tensor data, int step) {
            double from = levels.from()[step], to = levels.to()[step], h = counted(step);
            double stays = Levels.spread(to) / Levels.spread(from) * (method.draws ? Math.exp(-h(step)) : 1);
            return x.mul((float) stays).add(data.mul((float) (-Levels.alpha(to) * Math.expm1(-h))));
        }

        private double drawn(int step) { return Levels.spread(levels.to()[step]) * Math.sqrt(-Math.expm1(-counted(step))); }

        /** What the change of the data prediction adds to the step. */
        private Tensor differences(Tensor data, int step) {
            double h = counted(step), r0 = h(step - 1) / h(step);
            Tensor near = data.sub(last).mul((float) (1 / r0));
            if (order(step) == 2) return near.mul((float) solver.second(h));
            double r1 = h(step - 2) / h(step);
            Tensor change = near.sub(last.sub(before).mul((float) (1 / r1)));
            double first = Math.expm1(-h) / h + 1, second = 0.5 - (Math.expm1(-h) + h) / (h * h);
            return near.mul((float) first).add(change.mul((float) ((first * r0 + second) / (r0 + r1))));
        }

        /** The end of a step, corrected by the data that are predicted there. */
        private Tensor corrected(Tensor data, int step) {
            double h = h(step);
            double b = 2 * solver.second(h);
            double phi = -Math.expm1(-h) / h - 1;
            double scale = Levels.alpha(levels.to()[step]) * b;
            Tensor x = firstOrder(start, last, step), change = data.sub(last);
            if (order(step) < 2) return x.add(change.mul((float) (scale / 2)));
            double r = -h(step - 1) / h, b1 = -phi / b, b2 = (2 * phi / h + 1) / b, rho = (b1 - b2) / (1 - r);
            return x.add(change.mul((float) (scale * (b1 - rho)))).add(before.sub(last).mul((float) (scale * rho / r)));
        }

        /** Keeps these tensors and frees those remembered before. */
        private void remember(Tensor x, Tensor data, Tensor earlier) {
            Scope next = Scope.detached();
            start = x == null ? null : next.adopt(x);
            before = earlier == null ? null : next.adopt(earlier);
            last = data == null ? null : next.adopt(data);
            close();
            held = next;
        }

        @Override public Map<String, Tensor> memory() {
            Map<String, Tensor> memory = new HashMap<>();
            if (start != null) memory.put("start", start);
            if (last != null) memory.put("last", last);
            if (before != null) memory.put("before", before);
            return memory;
        }

        @Override public void recall(Map<String, Tensor> memory) { remember(memory.get("start"), memory.get("last"), memory.get("before")); }

        @Override public void close() { held.close(); }
    }
}
