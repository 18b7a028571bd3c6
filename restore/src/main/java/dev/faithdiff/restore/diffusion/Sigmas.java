package dev.faithdiff.restore.diffusion;

import dev.faithdiff.model.Config;
import java.util.Arrays;
import java.util.Locale;

/** How noise levels lie between the highest and the lowest: as the schedule's timesteps have them, or spread by a formula. */
public enum Sigmas {
    /** The levels of the schedule's timesteps. */
    SCHEDULE,
    /** Densest at the low end (Karras et al. 2022, equation 5). */
    KARRAS,
    /** Evenly in the logarithm. */
    EXPONENTIAL,
    /** Dense at both ends: quantiles of the beta distribution with both parameters 0.6 (Lee et al. 2024). */
    BETA;

    private static final double RHO = 7, SHAPE = 0.6;
    private static final int TERMS = 60, HALVINGS = 60;

    /** Those of a model's {@code scheduler_config.json}. */
    static Sigmas of(Config c) {
        return Arrays.stream(values()).filter(s -> c.flag("use_" + s + "_sigmas", false)).findFirst().orElse(SCHEDULE);
    }

    /** The level at a share of the way. @param share 0: {@code max}, 1: {@code min} */
    double between(double max, double min, double share) {
        return switch (this) {
            case SCHEDULE -> throw new IllegalStateException("the schedule's levels follow from its timesteps");
            case KARRAS -> {
                double high = Math.pow(max, 1 / RHO), low = Math.pow(min, 1 / RHO);
                yield Math.pow(high + share * (low - high), RHO);
            }
            case EXPONENTIAL -> Math.exp(Math.log(max) + share * (Math.log(min) - Math.log(max)));
            case BETA -> min + quantile(1 - share) * (max - min);
        };
    }

    /** The timestep that has so much noise; a whole one is cut off, but for Karras' levels, as published. */
    double timestep(NoiseSchedule schedule, double sigma, boolean whole) {
        double t = schedule.timestep(sigma);
        return whole && this != KARRAS ? Math.floor(t) : NoiseSchedule.rounded(t, whole);
    }

    /** Where the beta distribution has a share {@code p} below it. */
    private static double quantile(double p) {
        if (p > 0.5) return 1 - quantile(1 - p);
        double low = 0, high = 0.5, half = 2 * integral(0.5);
        for (int i = 0; i < HALVINGS; i++) {
            double middle = (low + high) / 2;
            if (integral(middle) < p * half) low = middle;
            else high = middle;
        }
        return low;
    }

    /** The integral of {@code (t (1 - t))^(SHAPE - 1)} from 0 to {@code x}, at most 0.5, as a power series. */
    private static double integral(double x) {
        double sum = 0, factor = 1;
        for (int n = 0; n < TERMS; n++) {
            sum += factor / (SHAPE + n);
            factor *= x * (n + 1 - SHAPE) / (n + 1);
        }
        return Math.pow(x, SHAPE) * sum;
    }

    @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
}
