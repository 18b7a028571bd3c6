package dev.faithdiff.quality;

/** The gamma function of positive numbers. */
final class Gamma {
    /** Lanczos' series with g = 7 and nine terms, good to 15 digits. */
    private static final double[] TERMS = {0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
        -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7};

    private Gamma() {}

    /** The natural logarithm of gamma. */
    static double log(double x) {
        if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - log(1 - x);
        double z = x - 1, sum = TERMS[0], t = z + 7.5;
        for (int k = 1; k < TERMS.length; k++) sum += TERMS[k] / (z + k);
        return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
    }
}
