package dev.faithdiff.image;

/** Interpolation filters of {@link Resize}, each with its half width in source pixels; formulas as in Pillow. */
public enum Filter {
    NEAREST(0) {
        @Override double weight(double x) { throw new UnsupportedOperationException("NEAREST copies pixels and has no weights"); }
    },
    BILINEAR(1) {
        @Override double weight(double x) { return Math.max(0, 1 - Math.abs(x)); }
    },
    /** Cubic convolution with a = -0.5. */
    BICUBIC(2) {
        @Override double weight(double x) {
            double a = -0.5;
            double d = Math.abs(x);
            if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
            return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
        }
    },
    /** Sinc windowed by a sinc three times as wide. */
    LANCZOS(3) {
        @Override double weight(double x) { return -3 <= x && x < 3 ? sinc(x) * sinc(x / 3) : 0; }
    };

    final double halfWidth;

    Filter(double halfWidth) { this.halfWidth = halfWidth; }

    /** Weight at distance x, in source pixels where the image grows, in target pixels where it shrinks. */
    abstract double weight(double x);

    private static double sinc(double x) {
        double p = x * Math.PI;
        return x == 0 ? 1 : StrictMath.sin(p) / p;
    }
}
