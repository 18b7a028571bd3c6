package dev.faithdiff.restore.diffusion;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Second-order solvers in the logarithm of signal over noise. They remember the data predicted in earlier steps. DPM-Solver++ 2M (Lu et al.
 * 2022, algorithm 2; diffusers DPMSolverMultistepScheduler) is one. UniPC (Zhao et al. 2023, algorithms 5 to 8; diffusers
 * UniPCMultistepScheduler) makes the same step, and then corrects it by the prediction made after it.
 */
public final class MultistepSampler implements Sampler {
    /** The published variants. MIDPOINT and HEUN are DPM-Solver++'s, BH1 and BH2 are UniPC's. */
    public enum Solver {
        MIDPOINT, HEUN, BH1, BH2;

        boolean corrects() { return this == BH1 || this == BH2; }

        /** Weight of the difference between two data predictions in a step of {@code h}. */
        double second(double h) {
            return switch (this) {
                case MIDPOINT, BH2 -> -Math.expm1(-h) / 2;
                case HEUN -> Math.expm1(-h) / h + 1;
                case BH1 -> h / 2;
            };
        }
    }

    private final Levels levels;
    private final Solver solver;
    private final boolean lowersLast;

    /**
     * A solver for the timesteps of a schedule.
     *
     * @param lowersLast whether the last step is of first order
     * @param end        noise over signal after the last step
     * @throws IllegalArgumentException in one line if the schedule has no level of its own for each step, since a step must lower the noise
     */
    public MultistepSampler(NoiseSchedule schedule, int steps, Solver solver, boolean karras, boolean lowersLast, double end) {
        levels = karras ? Levels.karras(schedule, schedule.sigma(schedule.timesteps() - 1), schedule.sigma(0), steps, true, end)
                : falling(schedule, steps, end);
        this.solver = solver;
        this.lowersLast = lowersLast;
    }

    private static Levels falling(NoiseSchedule schedule, int steps, double end) {
        Levels levels = spread(schedule, steps, end);
        if (levels.falls()) return levels;
        int most = steps - 1;
        while (!spread(schedule, most, end).falls()) most--;
        throw new IllegalArgumentException("this sampler takes at most " + most + " steps with this model's timesteps, not " + steps);
    }

    private static Levels spread(NoiseSchedule schedule, int steps, double end) {
        return Levels.at(schedule, schedule.timesteps(steps, true, true), end);
    }

    private MultistepSampler(Levels levels, Solver solver, boolean lowersLast) {
        this.levels = levels;
        this.solver = solver;
        this.lowersLast = lowersLast;
    }

    @Override public Sampler from(int step) { return new MultistepSampler(levels.from(step), solver, lowersLast); }

    @Override public Levels levels() { return levels; }

    @Override public State begin() { return new Memory(); }

    private boolean isSecondOrder(int step) { return step > 0 && !(lowersLast && step == levels.steps() - 1); }

    /** By how much the logarithm of signal over noise grows in a step. */
    private double h(int step) { return Math.log(levels.from()[step] / (double) levels.to()[step]); }

    private final class Memory implements State {
        private Scope held = Scope.detached();
        private Tensor start, last, before;

        @Override public Tensor step(Tensor x, Tensor eps, int step, Supplier<Tensor> noise) {
            try (Scope s = Scope.open()) {
                double sigma = levels.from()[step];
                Tensor latents = x.to(DType.F32);
                Tensor data = latents.mul((float) (1 / Levels.alpha(sigma))).sub(eps.to(DType.F32).mul((float) sigma));
                if (solver.corrects()) latents = step == 0 ? latents.mul(1) : corrected(data, step - 1);
                Tensor next = firstOrder(latents, data, step);
                if (isSecondOrder(step)) {
                    double weight = Levels.alpha(levels.to()[step]) * solver.second(h(step)) * h(step) / h(step - 1);
                    next = next.add(data.sub(last).mul((float) weight));
                }
                remember(solver.corrects() ? latents : null, data, solver.corrects() ? last : null);
                return s.keep(next.to(eps.dtype()));
            }
        }

        /** The step of first order, for which the data prediction stays the same. */
        private Tensor firstOrder(Tensor x, Tensor data, int step) {
            double from = levels.from()[step], to = levels.to()[step], alpha = Levels.alpha(to);
            double stays = to * alpha / (from * Levels.alpha(from));
            return x.mul((float) stays).add(data.mul((float) (-alpha * Math.expm1(-h(step)))));
        }

        /** The end of a step, corrected by the data that are predicted there. */
        private Tensor corrected(Tensor data, int step) {
            double h = h(step);
            double b = 2 * solver.second(h);
            double phi = -Math.expm1(-h) / h - 1;
            double scale = Levels.alpha(levels.to()[step]) * b;
            Tensor x = firstOrder(start, last, step), change = data.sub(last);
            if (!isSecondOrder(step)) return x.add(change.mul((float) (scale / 2)));
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
