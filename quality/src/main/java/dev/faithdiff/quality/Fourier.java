package dev.faithdiff.quality;

import java.util.stream.IntStream;

/** Discrete Fourier transforms of planes of any size, by the sizes' prime factors. Complex numbers are pairs (real, imaginary), row by row. */
final class Fourier {
    private Fourier() {}

    /** Transforms a plane in place. @param inverse whether back, divided by the number of values */
    static void transform(double[] plane, int w, int h, boolean inverse) {
        double[] rootsOfRow = roots(w, inverse), rootsOfColumn = roots(h, inverse);
        IntStream.range(0, h).parallel().forEach(y -> {
            double[] row = new double[2 * w];
            line(plane, 2 * y * w, 2, w, row, 0, rootsOfRow, 1);
            System.arraycopy(row, 0, plane, 2 * y * w, 2 * w);
        });
        double scale = inverse ? 1.0 / ((double) w * h) : 1;
        IntStream.range(0, w).parallel().forEach(x -> {
            double[] column = new double[2 * h];
            line(plane, 2 * x, 2 * w, h, column, 0, rootsOfColumn, 1);
            for (int y = 0; y < h; y++) {
                plane[2 * (y * w + x)] = column[2 * y] * scale;
                plane[2 * (y * w + x) + 1] = column[2 * y + 1] * scale;
            }
        });
    }

    /** The n-th roots of unity, in the order of a turn. */
    private static double[] roots(int n, boolean inverse) {
        double[] roots = new double[2 * n];
        for (int k = 0; k < n; k++) {
            double angle = (inverse ? 2 : -2) * Math.PI * k / n;
            roots[2 * k] = Math.cos(angle);
            roots[2 * k + 1] = Math.sin(angle);
        }
        return roots;
    }

    /**
     * Transforms n numbers that lie {@code step} apart, to {@code out} from {@code to} on.
     *
     * @param turn how many of the whole line's roots are one root of n
     */
    private static void line(double[] in, int from, int step, int n, double[] out, int to, double[] roots, int turn) {
        if (n == 1) {
            out[to] = in[from];
            out[to + 1] = in[from + 1];
            return;
        }
        int p = smallestFactor(n), m = n / p;
        for (int r = 0; r < p; r++) line(in, from + r * step, step * p, m, out, to + 2 * r * m, roots, turn * p);
        double[] parts = new double[2 * p];
        for (int k = 0; k < m; k++) {
            for (int r = 0; r < p; r++) {
                parts[2 * r] = out[to + 2 * (r * m + k)];
                parts[2 * r + 1] = out[to + 2 * (r * m + k) + 1];
            }
            for (int q = 0; q < p; q++) {
                int at = k + q * m;
                double real = 0, imaginary = 0;
                for (int r = 0; r < p; r++) {
                    int root = 2 * (int) ((long) r * at % n * turn);
                    real += parts[2 * r] * roots[root] - parts[2 * r + 1] * roots[root + 1];
                    imaginary += parts[2 * r] * roots[root + 1] + parts[2 * r + 1] * roots[root];
                }
                out[to + 2 * at] = real;
                out[to + 2 * at + 1] = imaginary;
            }
        }
    }

    private static int smallestFactor(int n) {
        for (int p = 2; p * p <= n; p++) if (n % p == 0) return p;
        return n;
    }
}
