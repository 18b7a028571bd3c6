package dev.faithdiff.quality;

import java.util.Arrays;

/**
 * Distances between two sets of feature vectors, {@code [images][features]}: how unlike two folders of images are as a whole. They mean nothing for
 * few images; the published Frechet distances are of thousands.
 */
public final class FeatureSets {
    private FeatureSets() {}

    /**
     * The Frechet distance of the Gaussians of both sets (Heusel et al. 2017; FID where the features are Inception's).
     *
     * @throws MeasureError if a set has fewer than two images, or the sets' features differ in number
     */
    public static double frechet(double[][] a, double[][] b) {
        check(a, b);
        double[] meanA = mean(a), meanB = mean(b);
        double means = 0;
        for (int k = 0; k < meanA.length; k++) means += (meanA[k] - meanB[k]) * (meanA[k] - meanB[k]);
        double[][] factorA = factor(a, meanA), factorB = factor(b, meanB);
        // The roots of the eigenvalues of the covariances' product are the singular values of the product of their factors.
        double[][] product = new double[factorA.length][factorB.length];
        for (int i = 0; i < product.length; i++) {
            for (int j = 0; j < factorB.length; j++) product[i][j] = OrthogonalRows.dot(factorA[i], factorB[j]);
        }
        OrthogonalRows.of(product);
        double roots = 0;
        for (double[] row : product) roots += OrthogonalRows.length(row);
        return means + squares(factorA) + squares(factorB) - 2 * roots;
    }

    /** The unbiased squared kernel distance with the kernel (x y / features + 1)^3 (Binkowski et al. 2018; KID), of all images at once. */
    public static double polynomialKernel(double[][] a, double[][] b) {
        check(a, b);
        int n = a[0].length;
        return unbiased(a, n) + unbiased(b, n) - 2 * meanOf(a, b, (x, y) -> cubic(x, y, n));
    }

    /** 1000 times the squared kernel distance with a Gaussian kernel of sigma 10 (Jayasumana et al. 2024; CMMD). */
    public static double gaussianKernel(double[][] a, double[][] b) {
        check(a, b);
        Kernel kernel = (x, y) -> {
            double sum = 0;
            for (int k = 0; k < x.length; k++) sum += (x[k] - y[k]) * (x[k] - y[k]);
            return Math.exp(-sum / 200);
        };
        return 1000 * (meanOf(a, a, kernel) + meanOf(b, b, kernel) - 2 * meanOf(a, b, kernel));
    }

    private interface Kernel {
        double of(double[] x, double[] y);
    }

    private static double cubic(double[] x, double[] y, int n) {
        double k = OrthogonalRows.dot(x, y) / n + 1;
        return k * k * k;
    }

    /** The mean over all pairs of two different vectors. */
    private static double unbiased(double[][] a, int n) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) for (int j = 0; j < i; j++) sum += 2 * cubic(a[i], a[j], n);
        return sum / ((double) a.length * (a.length - 1));
    }

    private static double meanOf(double[][] a, double[][] b, Kernel kernel) {
        double sum = 0;
        for (double[] x : a) for (double[] y : b) sum += kernel.of(x, y);
        return sum / ((double) a.length * b.length);
    }

    private static double[] mean(double[][] set) {
        double[] mean = new double[set[0].length];
        for (double[] x : set) for (int k = 0; k < mean.length; k++) mean[k] += x[k] / set.length;
        return mean;
    }

    /** F with F'F the covariance (n - 1), of as few rows as there are images or features. */
    private static double[][] factor(double[][] set, double[] mean) {
        double[][] rows = new double[set.length][mean.length];
        for (int i = 0; i < rows.length; i++) {
            for (int k = 0; k < mean.length; k++) rows[i][k] = (set[i][k] - mean[k]) / Math.sqrt(set.length - 1.0);
        }
        return rows.length <= mean.length ? rows : triangle(rows);
    }

    /** R of the rows' QR decomposition, by Householder's reflections; in place. */
    private static double[][] triangle(double[][] rows) {
        int n = rows[0].length;
        for (int k = 0; k < n; k++) {
            double length = 0;
            for (int i = k; i < rows.length; i++) length += rows[i][k] * rows[i][k];
            if (length == 0) continue;
            double head = -Math.copySign(Math.sqrt(length), rows[k][k]), scale = length - rows[k][k] * head;
            rows[k][k] -= head;
            double[] along = new double[n];
            for (int i = k; i < rows.length; i++) for (int j = k + 1; j < n; j++) along[j] += rows[i][k] * rows[i][j];
            for (int i = k; i < rows.length; i++) for (int j = k + 1; j < n; j++) rows[i][j] -= rows[i][k] * along[j] / scale;
            for (int i = k; i < rows.length; i++) rows[i][k] = i == k ? head : 0;
        }
        return Arrays.copyOf(rows, n);
    }

    private static double squares(double[][] rows) {
        double sum = 0;
        for (double[] row : rows) sum += OrthogonalRows.dot(row, row);
        return sum;
    }

    private static void check(double[][] a, double[][] b) {
        if (a.length < 2 || b.length < 2) {
            throw new MeasureError("a distance of sets takes at least two images each, got " + a.length + " and " + b.length);
        }
        for (double[][] set : new double[][][] {a, b}) {
            for (double[] x : set) {
                if (x.length == a[0].length) continue;
                throw new MeasureError("sets of equally many features are compared, got " + a[0].length + " and " + x.length);
            }
        }
    }
}
