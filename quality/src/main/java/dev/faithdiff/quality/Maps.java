package dev.faithdiff.quality;

/** Maps over a plane of values that several measures share. Planes are row by row. */
final class Maps {
    private Maps() {}

    /** Means of whole squares of {@code n} x {@code n} values; the rest of a row or column is left out. */
    static double[] pool(double[] in, int w, int h, int n) {
        if (n == 1) return in;
        int columns = w / n, rows = h / n;
        double[] out = new double[columns * rows];
        for (int i = 0; i < out.length; i++) {
            int at = i / columns * n * w + i % columns * n;
            double sum = 0;
            for (int k = 0; k < n * n; k++) sum += in[at + k / n * w + k % n];
            out[i] = sum / (n * n);
        }
        return out;
    }

    /**
     * Lengths of 3x3 gradients, zeros beyond the plane.
     *
     * @param side   weight of the corners of the derivative's filter, {@code middle} that between them
     * @param offset added below the root
     */
    static double[] gradient(double[] in, int w, int h, double side, double middle, double offset) {
        double[] out = new double[in.length];
        for (int y = 0; y < h; y++) {
            for (int x = 0; x < w; x++) {
                double nw = at(in, w, h, x - 1, y - 1), n = at(in, w, h, x, y - 1), ne = at(in, w, h, x + 1, y - 1);
                double west = at(in, w, h, x - 1, y), east = at(in, w, h, x + 1, y);
                double sw = at(in, w, h, x - 1, y + 1), s = at(in, w, h, x, y + 1), se = at(in, w, h, x + 1, y + 1);
                double across = side * (ne - nw + se - sw) + middle * (east - west), down = side * (sw - nw + se - ne) + middle * (s - n);
                out[y * w + x] = Math.sqrt(across * across + down * down + offset);
            }
        }
        return out;
    }

    private static double at(double[] in, int w, int h, int x, int y) { return x < 0 || y < 0 || x >= w || y >= h ? 0 : in[y * w + x]; }

    /** How alike two numbers are, 1 where they are equal; {@code c} keeps small ones from counting. */
    static double similarity(double a, double b, double c) { return (2 * a * b + c) / (a * a + b * b + c); }
}
