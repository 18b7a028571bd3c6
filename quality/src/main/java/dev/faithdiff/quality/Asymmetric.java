package dev.faithdiff.quality;

/**
 * A generalized Gaussian with two widths, fitted by its moments as NIQE does (Lasmar et al. 2009, "Multiscale skewed heavy tailed model for texture
 * analysis"). Without negative values, or without positive ones, that side's width is NaN and the shape the first of the grid, as published.
 *
 * @param shape on the grid 0.2, 0.201, ..., 10
 * @param left  width of the negative side, {@code right} of the positive one
 */
record Asymmetric(double shape, double left, double right) {
    private static final int SHAPES = 9801;
    /** By shape: mean absolute value squared over mean square of a symmetric one; increases. */
    private static final double[] RATIOS = new double[SHAPES];
    static {
        for (int i = 0; i < SHAPES; i++) {
            double a = shape(i);
            RATIOS[i] = Math.exp(2 * Gamma.log(2 / a) - Gamma.log(1 / a) - Gamma.log(3 / a));
        }
    }

    static Asymmetric fit(double[] values) {
        double negative = 0, positive = 0, sum = 0;
        int negatives = 0, positives = 0;
        for (double v : values) {
            sum += Math.abs(v);
            if (v < 0) {
                negative += v * v;
                negatives++;
            } else if (v > 0) {
                positive += v * v;
                positives++;
            }
        }
        double left = Math.sqrt(negative / negatives), right = Math.sqrt(positive / positives), g = left / right;
        double mean = sum / values.length, square = (negative + positive) / values.length;
        double ratio = mean * mean / square * (g * g * g + 1) * (g + 1) / ((g * g + 1) * (g * g + 1));
        double shape = shape(nearest(ratio)), width = Math.exp((Gamma.log(1 / shape) - Gamma.log(3 / shape)) / 2);
        return new Asymmetric(shape, left * width, right * width);
    }

    double meanWidth() { return (left + right) / 2; }

    /** The mean value. */
    double mean() { return (right - left) * Math.exp(Gamma.log(2 / shape) - Gamma.log(1 / shape)); }

    private static double shape(int i) { return 0.2 + i / 1000.0; }

    /** The grid's point, the first one for NaN. */
    private static int nearest(double ratio) {
        int low = 0, high = SHAPES - 1;
        if (!(ratio > RATIOS[0])) return 0;
        while (high - low > 1) {
            int middle = (low + high) / 2;
            if (RATIOS[middle] < ratio) low = middle;
            else high = middle;
        }
        return ratio - RATIOS[low] <= RATIOS[high] - ratio ? low : high;
    }
}
