package dev.faithdiff.restore.dreamclear;

import dev.faithdiff.restore.diffusion.MultistepSampler;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.diffusion.SignalTable;

/** DreamClear's samplers. */
enum DreamClearSampler {
    /** Ancestral steps whose noise has the variance that the network predicts, with which test.py restores. */
    IDDPM("iddpm"),
    /** DPM-Solver++ of second order, evenly in time, which draws no noise: that of the training's previews, and of PixArt. */
    DPM_SOLVER("dpm-solver");

    private static final int TIMESTEPS = 1000;
    private static final double BETA_START = 1e-4, BETA_END = 0.02;
    /** The noise of the training. */
    static final SignalTable TABLE = new SignalTable(alphas());

    private final String label;

    DreamClearSampler(String label) { this.label = label; }

    /** Whether it takes the predicted variance. The other one guides all channels of the noise. */
    boolean takesVariance() { return this == IDDPM; }

    /** The sampler of so many steps. @throws IllegalArgumentException in one line if it does not take so many */
    Sampler of(int steps) {
        int most = this == IDDPM ? TIMESTEPS : TIMESTEPS - 1;
        if (steps < 2 || steps > most) throw new IllegalArgumentException("steps must be 2.." + most + ", not " + steps);
        return this == IDDPM ? LearnedVarianceSampler.of(TABLE, steps) : MultistepSampler.uniform(TABLE, steps);
    }

    /** The signal's share of the variance at each timestep of the training. */
    private static double[] alphas() {
        double[] alphas = new double[TIMESTEPS];
        double product = 1, step = (BETA_END - BETA_START) / (TIMESTEPS - 1);
        for (int i = 0; i < TIMESTEPS; i++) alphas[i] = product *= 1 - (BETA_START + i * step);
        return alphas;
    }

    /** As users write it. */
    @Override public String toString() { return label; }
}
