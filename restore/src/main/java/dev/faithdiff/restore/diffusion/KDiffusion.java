package dev.faithdiff.restore.diffusion;

import java.util.Locale;
import java.util.function.DoubleUnaryOperator;

/**
 * The samplers of k-diffusion, on any levels. In what differs from the samplers of diffusers, {@link Samplers}, this follows k-diffusion: noise
 * levels in which each step begins, and noise that is added before a step.
 */
public enum KDiffusion {
    EULER, EULER_ANCESTRAL, HEUN, DPM_2, DPM_2_ANCESTRAL, LMS, DPMPP_2S_ANCESTRAL, DPMPP_SDE, DPMPP_2M, DPMPP_2M_SDE, DPMPP_3M_SDE;

    /** Above this much noise over signal none is added before a step, and at most so much of what there is. */
    private static final double MOST_CHURNED = 300, MOST_CHURN = Math.sqrt(2) - 1;

    /** Whether noise may be added before its steps. */
    public boolean churns() { return this == EULER || this == HEUN || this == DPM_2; }

    /**
     * The sampler of these levels, which end in no noise.
     *
     * @param churn how much noise is added before the steps, all together (Karras et al. 2022, S_churn); where {@link #churns}
     * @param order of {@link #LMS}, 1..8
     */
    public Sampler of(Levels plain, double churn, int order) { return of(plain, churn, order, Math::sqrt); }

    /**
     * The same with another square root. In the first step from very much noise what the ancestral samplers keep is the small difference of two large
     * floats, and so depends on the last bit of a root, which is not the same in every build of PyTorch.
     */
    public Sampler of(Levels plain, double churn, int order, DoubleUnaryOperator root) {
        Levels levels = churned(plain, churns() ? churn : 0);
        float init = (float) Math.sqrt(1 + Math.pow(plain.from()[0], 2));
        boolean draws = churn > 0;
        return switch (this) {
            case EULER -> draws ? EulerSampler.churning(levels, plain.to(), init) : EulerSampler.euler(levels, init);
            case EULER_ANCESTRAL -> EulerSampler.ancestral(levels, init, levels.steps() - 1);
            case HEUN -> second(SecondOrderSampler.Method.HEUN, levels, plain, init, draws, root);
            case DPM_2 -> second(SecondOrderSampler.Method.SLOPE, levels, plain, init, draws, root);
            case DPM_2_ANCESTRAL -> second(SecondOrderSampler.Method.SLOPE, levels, plain, init, true, root);
            case DPMPP_2S_ANCESTRAL, DPMPP_SDE -> second(SecondOrderSampler.Method.DATA, levels, plain, init, true, root);
            case LMS -> new LmsSampler(levels, init, order);
            case DPMPP_2M -> multistep(levels, MultistepSampler.Solver.MIDPOINT, 2, false);
            case DPMPP_2M_SDE -> multistep(levels, MultistepSampler.Solver.MIDPOINT, 2, true);
            case DPMPP_3M_SDE -> multistep(levels, MultistepSampler.Solver.HEUN, 3, true);
        };
    }

    private static Sampler multistep(Levels levels, MultistepSampler.Solver solver, int order, boolean draws) {
        return new MultistepSampler(levels, new MultistepSampler.Method(solver, order, draws, true, false));
    }

    private Sampler second(SecondOrderSampler.Method method, Levels levels, Levels plain, float init, boolean draws, DoubleUnaryOperator root) {
        float[] keeps = plain.to().clone();
        boolean ancestral = this == DPM_2_ANCESTRAL || this == DPMPP_2S_ANCESTRAL || this == DPMPP_SDE;
        for (int i = 0; ancestral && i < keeps.length; i++) keeps[i] = kept(plain.from()[i], plain.to()[i], root);
        return SecondOrderSampler.of(method, levels, keeps, i -> {
            double from = levels.from()[i], end = this == DPMPP_SDE ? plain.to()[i] : keeps[i];
            double at = this == HEUN ? end : Math.sqrt(from * end);
            return new SecondOrderSampler.Second.Level(at, this == DPMPP_SDE ? kept(levels.from()[i], (float) at, root) : at, nearest(plain, at));
        }, init, draws);
    }

    /** What stays of the predicted noise where a Markov chain's is drawn: {@code to * to / from}, but for the rounding of the published floats. */
    private static float kept(float from, float to, DoubleUnaryOperator root) {
        float drawn = Math.min(to, (float) root.applyAsDouble(to * to * (from * from - to * to) / (from * from)));
        return (float) Math.sqrt(to * to - drawn * drawn);
    }

    private static Levels churned(Levels levels, double churn) {
        double share = Math.min(churn / levels.steps(), MOST_CHURN);
        float[] from = levels.from().clone();
        double[] timesteps = levels.timesteps().clone();
        for (int i = 0; i < from.length; i++) {
            if (from[i] > MOST_CHURNED) continue;
            from[i] *= (float) (1 + share);
            timesteps[i] = nearest(levels, from[i]);
        }
        return Levels.chain(timesteps, from, 0);
    }

    /** The timestep of the level nearest to one, where no noise counts as timestep 0. */
    private static double nearest(Levels levels, double sigma) {
        double best = sigma, timestep = 0;
        for (int i = levels.steps() - 1; i >= 0; i--) {
            double d = Math.abs(levels.from()[i] - sigma);
            if (d > best) continue;
            best = d;
            timestep = levels.timesteps()[i];
        }
        return timestep;
    }

    @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
}
