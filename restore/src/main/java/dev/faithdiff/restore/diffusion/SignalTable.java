package dev.faithdiff.restore.diffusion;

import dev.faithdiff.model.Config;
import dev.faithdiff.tensor.Tensor;

/**
 * How much signal each timestep of the training has, in double precision: code that descends from the original Stable Diffusion (DiffBIR, SUPIR,
 * StableSR) computes its tables so, and diffusers in float.
 *
 * @param alphas share of the signal's variance at each timestep
 */
public record SignalTable(double[] alphas) {
    /** Reads {@code scheduler/scheduler_config.json}. */
    public static SignalTable of(Config c) {
        int n = c.positive("num_train_timesteps");
        double start = Math.sqrt(c.number("beta_start")), end = Math.sqrt(c.number("beta_end")), product = 1;
        double[] alphas = new double[n];
        for (int i = 0; i < n; i++) {
            double root = start + i * ((end - start) / (n - 1));
            product *= 1 - root * root;
            alphas[i] = product;
        }
        if (!c.flag("rescale_betas_zero_snr", false)) return new SignalTable(alphas);
        double first = Math.sqrt(alphas[0]), last = Math.sqrt(alphas[n - 1]);
        for (int i = 0; i < n; i++) alphas[i] = Math.pow((Math.sqrt(alphas[i]) - last) * (first / (first - last)), 2);
        return new SignalTable(alphas);
    }

    /** The number of timesteps. */
    public int timesteps() { return alphas.length; }

    /**
     * So many timesteps from the last to the first one of the training, evenly spread. Positions are summed up, and so rounded, as published
     * (guided-diffusion space_timesteps).
     *
     * @param steps at least 2
     */
    public double[] spaced(int steps) {
        double[] t = new double[steps];
        double at = 0, stride = (timesteps() - 1) / (steps - 1.0);
        for (int i = 0; i < steps; i++, at += stride) t[steps - 1 - i] = Math.rint(at);
        return t;
    }

    /** Noise over signal at a timestep. */
    public double sigma(int timestep) { return Math.sqrt(1 / alphas[timestep] - 1); }

    /** The timestep whose noise over signal is nearest, the lower of two; compared in float, as published. */
    public int nearest(double sigma) {
        int best = 0;
        for (int t = 1; t < alphas.length; t++) if (distance(t, sigma) < distance(best, sigma)) best = t;
        return best;
    }

    private float distance(int timestep, double sigma) { return Math.abs((float) sigma - (float) sigma(timestep)); }

    /** Noise over signal at a fraction, where the logarithm of the signal's share is interpolated. */
    public double sigma(double timestep) {
        int low = Math.clamp((int) timestep, 0, alphas.length - 2);
        double share = timestep - low, log = Math.log(alphas[low]);
        return Math.sqrt(Math.expm1(-(share == 0 ? log : log + share * (Math.log(alphas[low + 1]) - log))));
    }

    /** Data with as much noise as there is at a timestep. */
    public Tensor noised(Tensor data, Tensor noise, int timestep) {
        return data.mul((float) Math.sqrt(alphas[timestep])).add(noise.mul((float) Math.sqrt(1 - alphas[timestep])));
    }
}
