package dev.faithdiff.restore.supir;

import dev.faithdiff.restore.diffusion.EulerSampler;
import dev.faithdiff.restore.diffusion.KDiffusion;
import dev.faithdiff.restore.diffusion.Levels;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.diffusion.SignalTable;

/** SUPIR's samplers (sampling.py). They share solvers with other systems, and spread their steps in a way of their own. */
enum SupirSampler {
    /** Euler's method with noise that is added before each step (RestoreEDMSampler). */
    EDM("edm"),
    /** DPM-Solver++ of second order with noise, on Karras' levels, for bases of few steps (RestoreDPMPP2MSampler). */
    DPMPP_2M("dpm++2m");

    private static final double MOST_CHURN = Math.sqrt(2) - 1, RHO = 7;

    private final String label;

    SupirSampler(String label) { this.label = label; }

    /** By what share a step's noise is raised before it. @param churn of all steps together */
    double raised(int steps, double churn) { return this == EDM ? Math.min(churn / steps, MOST_CHURN) : 0; }

    /** Noise over signal before each step, as the training's table has it; the last step ends at none. */
    static float[] sigmas(SignalTable table, int steps) {
        int last = table.timesteps() - 1;
        if (steps > table.timesteps()) throw new IllegalArgumentException("steps must be at most " + table.timesteps() + ", not " + steps);
        float[] sigmas = new float[steps];
        for (int i = 0; i < steps; i++) sigmas[i] = (float) table.sigma((int) (i * (-last / (double) steps) + last));
        return sigmas;
    }

    /**
     * The sampler of so many steps.
     *
     * @param churn how much noise is added before the steps, all together
     * @param noise factor of what is added
     */
    Sampler of(SignalTable table, int steps, double churn, double noise) {
        float[] plain = sigmas(table, steps);
        if (this == DPMPP_2M) {
            return new ScaledNoise(KDiffusion.DPMPP_2M_SDE.of(levels(table, karras(plain)), 0, 1), noise, false);
        }
        float[] raised = plain.clone();
        for (int i = 0; i < steps; i++) raised[i] *= (float) (1 + raised(steps, churn));
        float init = (float) Math.sqrt(1 + (double) plain[0] * plain[0]);
        Levels levels = levels(table, raised);
        return churn == 0 ? EulerSampler.euler(levels, init)
                : new ScaledNoise(EulerSampler.churning(levels, levels(table, plain).to(), init), noise, true);
    }

    /** Karras' levels between the first and the last of others, in float as published. */
    private static float[] karras(float[] of) {
        int last = of.length - 1;
        float high = (float) Math.pow(of[0], 1 / RHO), low = (float) Math.pow(of[last], 1 / RHO);
        float[] sigmas = new float[of.length];
        float step = last == 0 ? 0 : 1f / last;
        for (int i = 0; i <= last; i++) {
            // Products are not rounded there, as in PyTorch.
            float share = (float) (i < of.length / 2 || last == 0 ? (double) step * i : 1 - (double) step * (last - i));
            sigmas[i] = (float) Math.pow(high + share * (low - high), RHO);
        }
        return sigmas;
    }

    private static Levels levels(SignalTable table, float[] from) {
        double[] timesteps = new double[from.length];
        for (int i = 0; i < from.length; i++) timesteps[i] = table.nearest(from[i]);
        return Levels.chain(timesteps, from, 0);
    }

    /** As users write it. */
    @Override public String toString() { return label; }
}
