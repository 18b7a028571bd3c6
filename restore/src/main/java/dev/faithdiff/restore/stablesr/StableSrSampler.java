package dev.faithdiff.restore.stablesr;

import dev.faithdiff.restore.diffusion.EulerSampler;
import dev.faithdiff.restore.diffusion.Levels;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.diffusion.SignalTable;
import java.util.Locale;

/** StableSR's samplers. All visit timesteps from the last to the first one of the training. */
enum StableSrSampler {
    DDPM,
    /** As published, its noise levels are those of other timesteps than the network is told. */
    DDIM,
    /** DDIM with the noise levels of its timesteps. */
    DDIM_MATCHED;

    /**
     * The sampler of so many steps.
     *
     * @param eta share of the noise that is drawn anew; null: none, where that is a choice
     * @throws IllegalArgumentException in one line if it does not take so many steps, or an eta
     */
    Sampler of(SignalTable table, int steps, Double eta) {
        if (steps < 2) throw new IllegalArgumentException("the sampler " + this + " takes 2.." + table.timesteps() + " steps, not " + steps);
        double[] timesteps = table.spaced(steps);
        float[] from = new float[steps];
        if (this != DDIM) {
            float[] signal = signal(table, timesteps);
            for (int i = 0; i < steps; i++) from[i] = (float) sigma(signal[i]);
        } else {
            int stride = table.timesteps() / steps;
            for (int i = 0; i < steps; i++) from[i] = (float) sigma((float) table.alphas()[(steps - 1 - i) * stride]);
        }
        if (this != DDPM) return EulerSampler.ddim(Levels.chain(timesteps, from, sigma((float) table.alphas()[0])), eta == null ? 0 : eta);
        if (eta != null) throw new IllegalArgumentException("the sampler ddpm takes no eta");
        return EulerSampler.ddpm(Levels.chain(timesteps, from, 0));
    }

    /** The signal's share at timesteps, highest first. The published code makes betas of some timesteps' shares, and shares of these, in float. */
    static float[] signal(SignalTable table, double[] timesteps) {
        float[] signal = betas(table, timesteps);
        float product = 1;
        for (int i = signal.length - 1; i >= 0; i--) {
            product *= 1 - signal[i];
            signal[i] = product;
        }
        return signal;
    }

    /** The share of the signal that is lost from the timestep below to each, highest first. */
    static float[] betas(SignalTable table, double[] timesteps) {
        float[] betas = new float[timesteps.length];
        float before = 1;
        for (int i = betas.length - 1; i >= 0; i--) {
            float share = (float) table.alphas()[(int) timesteps[i]];
            betas[i] = 1 - share / before;
            before = share;
        }
        return betas;
    }

    private static double sigma(float signal) { return Math.sqrt((1 - (double) signal) / signal); }

    @Override public String toString() { return name().toLowerCase(Locale.ROOT).replace('_', '-'); }
}
