package dev.faithdiff.restore.diffusion;

import java.util.Arrays;

/**
 * The noise levels of a sampler's steps. Step {@code i} is at {@code timesteps[i]} and lowers noise over signal from {@code from[i]} to
 * {@code to[i]}. Latents are signal plus noise, or both scaled by {@link #alpha} so that the variance stays one.
 */
public record Levels(double[] timesteps, float[] from, float[] to) {
    /** Whether each step begins lower than the one before. */
    boolean falls() {
        for (int i = 1; i < from.length; i++) if (!(from[i] < from[i - 1])) return false;
        return true;
    }

    /** The schedule's levels at given timesteps. @param end noise over signal after the last step */
    static Levels at(NoiseSchedule schedule, double[] timesteps, double end) {
        float[] from = new float[timesteps.length];
        for (int i = 0; i < from.length; i++) from[i] = (float) schedule.sigma(timesteps[i]);
        return chain(timesteps, from, end);
    }

    /** Levels from {@code max} to {@code min}, at the timesteps that have as much noise. @param whole whether these are whole */
    static Levels spread(Sigmas sigmas, NoiseSchedule schedule, double max, double min, int steps, boolean whole, double end) {
        double[] timesteps = new double[steps];
        float[] from = new float[steps];
        for (int i = 0; i < steps; i++) {
            double sigma = sigmas.between(max, min, steps == 1 ? 0 : i / (steps - 1.0));
            from[i] = (float) sigma;
            timesteps[i] = sigmas.timestep(schedule, sigma, whole);
        }
        return chain(timesteps, from, end);
    }

    /** Each step ends where the next begins. @param end noise over signal after the last step */
    public static Levels chain(double[] timesteps, float[] from, double end) {
        float[] to = new float[from.length];
        System.arraycopy(from, 1, to, 0, to.length - 1);
        to[to.length - 1] = (float) end;
        return new Levels(timesteps, from, to);
    }

    /** The levels of the steps from one on. */
    Levels from(int step) {
        int steps = steps();
        return new Levels(Arrays.copyOfRange(timesteps, step, steps), Arrays.copyOfRange(from, step, steps), Arrays.copyOfRange(to, step, steps));
    }

    /** The number of steps. */
    public int steps() { return from.length; }

    /** The factor of the signal in latents of variance one. @param sigma noise over signal */
    public static double alpha(double sigma) { return 1 / Math.sqrt(sigma * sigma + 1); }

    /** The factor of the noise in latents of variance one. @param sigma noise over signal; infinite: noise alone */
    public static double spread(double sigma) { return 1 / Math.sqrt(1 / (sigma * sigma) + 1); }
}
