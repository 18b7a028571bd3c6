package dev.faithdiff.sample;

import dev.faithdiff.model.Config;

/**
 * How much noise each training timestep holds, and which timesteps a run visits (the published scheduler configuration).
 *
 * @param alphasCumprod share of signal left at each training timestep, in float as published
 */
public record NoiseSchedule(float[] alphasCumprod, Spacing spacing, int offset) {
    public enum Spacing { LEADING, TRAILING, LINSPACE }

    /** Reads {@code scheduler/scheduler_config.json}. */
    public static NoiseSchedule of(Config c) {
        c.require("beta_schedule", "scaled_linear");
        c.require("prediction_type", "epsilon");
        c.require("use_karras_sigmas", "false");
        Spacing spacing = switch (c.text("timestep_spacing", "linspace")) {
            case "leading" -> Spacing.LEADING;
            case "trailing" -> Spacing.TRAILING;
            default -> Spacing.LINSPACE;
        };
        return scaledLinear(c.integer("num_train_timesteps"), c.number("beta_start"), c.number("beta_end"), spacing, c.integer("steps_offset", 0));
    }

    /** Betas whose roots are evenly spaced. */
    public static NoiseSchedule scaledLinear(int timesteps, double betaStart, double betaEnd, Spacing spacing, int offset) {
        float[] alphas = new float[timesteps];
        float start = (float) Math.sqrt(betaStart), end = (float) Math.sqrt(betaEnd), step = (end - start) / (timesteps - 1);
        double product = 1;
        for (int i = 0; i < timesteps; i++) {
            float root = i < timesteps / 2 ? start + step * i : end - step * (timesteps - 1 - i);
            alphas[i] = (float) (product *= 1 - root * root);
        }
        return new NoiseSchedule(alphas, spacing, offset);
    }

    public NoiseSchedule with(Spacing other) { return new NoiseSchedule(alphasCumprod, other, offset); }

    public int timesteps() { return alphasCumprod.length; }

    /** The timesteps of a run, first to last; fractional with LINSPACE. */
    public double[] timesteps(int steps) {
        int n = timesteps();
        double[] t = new double[steps];
        for (int i = 0; i < steps; i++) {
            t[i] = switch (spacing) {
                case LEADING -> (steps - 1 - i) * (n / steps) + offset;
                case TRAILING -> Math.rint(n - i * ((double) n / steps)) - 1;
                case LINSPACE -> steps == 1 ? 0 : (float) ((steps - 1 - i) * ((n - 1.0) / (steps - 1)));
            };
        }
        return t;
    }

    /** Noise over signal at a timestep, linear in between. */
    public double sigma(double timestep) {
        int low = (int) timestep, high = Math.min(low + 1, timesteps() - 1);
        return sigmaAt(low) + (sigmaAt(high) - sigmaAt(low)) * (timestep - low);
    }

    private double sigmaAt(int t) { return (float) Math.sqrt((1 - alphasCumprod[t]) / alphasCumprod[t]); }
}
