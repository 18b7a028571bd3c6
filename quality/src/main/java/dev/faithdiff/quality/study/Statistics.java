package dev.faithdiff.quality.study;

import java.util.Arrays;
import java.util.Random;

/** What the numbers of some photos say of all photos. Random numbers have fixed seeds. */
final class Statistics {
    /** Resamples of the bootstrap, and random flips where not all are counted. */
    private static final int DRAWS = 10_000;
    /** Up to as many photos, all flips are counted. */
    private static final int EXACT = 16;
    private static final long SEED = 20240229;

    private Statistics() {}

    /** A mean of {@code count} numbers, and where it lies in 95 of 100 resamples; NaN without numbers. */
    record Interval(double mean, double low, double high, int count) {}

    /** The mean and its 95 % interval: percentiles of the means of resamples with replacement (Efron 1979). One number has no width. */
    static Interval bootstrap(double[] v) {
        double mean = mean(v);
        if (v.length < 2) return new Interval(mean, mean, mean, v.length);
        Random random = new Random(SEED);
        double[] means = new double[DRAWS];
        for (int d = 0; d < DRAWS; d++) {
            double sum = 0;
            for (int i = 0; i < v.length; i++) sum += v[random.nextInt(v.length)];
            means[d] = sum / v.length;
        }
        Arrays.sort(means);
        return new Interval(mean, quantile(means, 0.025), quantile(means, 0.975), v.length);
    }

    /**
     * The two-sided p-value of the paired sign-flip test: how often differences whose signs are drawn anew have a mean as far from 0. Of up to 16
     * differences all flips are counted, of more 10,000 random ones and the given one (Phipson and Smyth 2010). NaN of less than two.
     */
    static double signFlip(double[] differences) {
        int n = differences.length;
        if (n < 2) return Double.NaN;
        double sum = Math.abs(Arrays.stream(differences).sum()), least = sum - 1e-12 * Arrays.stream(differences).map(Math::abs).sum();
        long far = 0;
        if (n <= EXACT) {
            for (int flips = 0; flips < 1 << n; flips++) if (flipped(differences, flips) >= least) far++;
            return (double) far / (1 << n);
        }
        Random random = new Random(SEED);
        for (int d = 0; d < DRAWS; d++) {
            double s = 0;
            for (double x : differences) s += random.nextBoolean() ? x : -x;
            if (Math.abs(s) >= least) far++;
        }
        return (far + 1.0) / (DRAWS + 1);
    }

    private static double flipped(double[] differences, int flips) {
        double s = 0;
        for (int i = 0; i < differences.length; i++) s += (flips >> i & 1) == 0 ? differences[i] : -differences[i];
        return Math.abs(s);
    }

    static double mean(double[] v) { return Arrays.stream(v).average().orElse(Double.NaN); }

    /** The standard deviation with n - 1; NaN of less than two. */
    static double deviation(double[] v) {
        double mean = mean(v);
        return v.length < 2 ? Double.NaN : Math.sqrt(Arrays.stream(v).map(x -> (x - mean) * (x - mean)).sum() / (v.length - 1));
    }

    /** Linear between neighbours. */
    static double quantile(double[] sorted, double share) {
        double at = share * (sorted.length - 1);
        int below = (int) at;
        double part = at - below;
        return part == 0 ? sorted[below] : sorted[below] * (1 - part) + sorted[below + 1] * part;
    }
}
