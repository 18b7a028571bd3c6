package dev.faithdiff.restore.supir;

/**
 * A number that follows the noise in a line.
 *
 * @param start where there is most noise
 * @param end   where there is none
 */
record Ramp(double start, double end) {
    /** The noise over signal that the published code takes for the most. */
    static final double MOST = 14.6146;

    /** The number at a noise over signal. */
    double at(double sigma) { return (start - end) * (sigma / MOST) + end; }
}
