package dev.faithdiff.tensor.op;

/** The error function in double precision. */
final class Erf {
    private Erf() {}

    /** Series below 3, continued fraction above: absolute error below 1e-15. */
    static double erf(double x) {
        double a = Math.abs(x);
        double value = a < 3 ? series(a) : a > 6 ? 1 : 1 - complement(a);
        return x < 0 ? -value : value;
    }

    private static double series(double x) {
        double term = x, sum = x;
        for (int n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }

    private static double complement(double x) {
        double f = 0;
        for (int n = 60; n >= 1; n--) f = n / 2.0 / (x + f);
        return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + f);
    }
}
