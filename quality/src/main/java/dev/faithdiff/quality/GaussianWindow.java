package dev.faithdiff.quality;

/** Gaussian windows. */
final class GaussianWindow {
    private GaussianWindow() {}

    /** A square of {@code side} x {@code side} weights, row by row, that sum to one. */
    static double[] of(int side, double sigma) {
        double[] weights = new double[side * side];
        double sum = 0;
        for (int k = 0; k < weights.length; k++) {
            int x = k % side - side / 2, y = k / side - side / 2;
            weights[k] = Math.exp(-(x * x + y * y) / (2 * sigma * sigma));
            sum += weights[k];
        }
        for (int k = 0; k < weights.length; k++) weights[k] /= sum;
        return weights;
    }
}
