package dev.faithdiff.degrade;

import dev.faithdiff.image.FloatImage;
import dev.faithdiff.tensor.Mt19937;
import java.util.Arrays;

/** Noise of a sensor, clipped to 0..1 (BasicSR, data/degradations.py); grey noise is one draw for a pixel's three channels. */
public final class Noise {
    private Noise() {}

    /** Adds the standard normal draws, three a pixel or one a pixel, times sigma, which is in 8-bit levels. */
    public static FloatImage gaussian(FloatImage in, double sigma, float[] draws) {
        int repeat = draws.length == in.rgb().length ? 1 : 3;
        if (repeat * draws.length != in.rgb().length) {
            throw new IllegalArgumentException(in + " takes noise of one or three draws a pixel, got " + draws.length);
        }
        float[] out = new float[in.rgb().length];
        for (int i = 0; i < out.length; i++) out[i] = unit(in.rgb()[i] + draws[i / repeat] * (float) sigma / 255f);
        return new FloatImage(in.width(), in.height(), out);
    }

    /**
     * Adds the difference between photon counts and their mean, times {@code scale}. A level of one has 2^ceil(log2 n)
     * photons in the mean, where n is how many of the 256 levels occur.
     */
    public static FloatImage poisson(FloatImage in, double scale, boolean grey, Mt19937 rng) {
        int[] levels = grey ? greyLevels(in) : levels(in.rgb());
        long distinct = Arrays.stream(levels).distinct().count();
        double photons = Math.scalb(1.0, 64 - Long.numberOfLeadingZeros(distinct - 1));
        double[][] cumulative = new double[256][];
        double[] uniforms = rng.randDoubles(levels.length);
        float[] out = in.rgb().clone();
        int repeat = grey ? 3 : 1;
        for (int i = 0; i < out.length; i++) {
            int level = levels[i / repeat];
            double mean = level / 255.0 * photons;
            if (cumulative[level] == null) cumulative[level] = cumulativePoisson(mean);
            int count = Arrays.binarySearch(cumulative[level], uniforms[i / repeat]);
            if (count < 0) count = -count - 1;
            out[i] = unit((float) (out[i] + (count - mean) / photons * scale));
        }
        return new FloatImage(in.width(), in.height(), out);
    }

    private static int[] levels(float[] values) {
        int[] levels = new int[values.length];
        for (int i = 0; i < levels.length; i++) levels[i] = Math.clamp((int) Math.rint(values[i] * 255f), 0, 255);
        return levels;
    }

    /** Luma with the weights of torchvision's rgb_to_grayscale. */
    private static int[] greyLevels(FloatImage in) {
        float[] rgb = in.rgb(), grey = new float[rgb.length / 3];
        for (int i = 0; i < grey.length; i++) grey[i] = 0.2989f * rgb[3 * i] + 0.587f * rgb[3 * i + 1] + 0.114f * rgb[3 * i + 2];
        return levels(grey);
    }

    /** Probabilities of at most 0, 1, 2, ... events. */
    private static double[] cumulativePoisson(double mean) {
        double[] sums = new double[(int) (mean + 12 * Math.sqrt(mean) + 24)];
        double term = Math.exp(-mean), sum = term;
        for (int k = 0; k < sums.length; k++) {
            sums[k] = sum;
            term *= mean / (k + 1);
            sum += term;
        }
        return sums;
    }

    private static float unit(float x) { return Math.clamp(x, 0f, 1f); }
}
