package dev.faithdiff.kernels.cpu.attention;

import dev.faithdiff.kernels.cpu.VecCode;

/**
 * The loops of {@link AttentionFlash} over rows of scores, in the layouts of {@link dev.faithdiff.kernels.cpu.gemm.Panels}: a row is a query. What
 * has one number for each row is at an address.
 */
interface ScoreRows {
    /** The fastest ones here. */
    ScoreRows FASTEST = VecCode.isHere() ? new ScoreRowsEmitted() : new ScoreRowsVector();

    /** The factor of powers of two for a scale of powers of e. */
    static float factorOfTwo(double scale) { return (float) (scale / Math.log(2)); }

    /** The greatest score of each row; scores that are no numbers do not count. */
    void greatest(float[] scores, int rows, int panels, long to);

    /** Weights {@code e^(scale (x - max))}, at least 2^-125, for scores x not above the row's max. Their sums are added to {@code sums}. */
    void powers(float[] scores, int rows, int panels, long max, double scale, float[] weights, long sums);

    /** Multiplies each row of sums by its factor. */
    void scale(float[] y, int rows, int panels, long factors);
}
