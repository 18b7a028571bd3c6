package dev.faithdiff.quality.study;

import java.util.Locale;

/**
 * The losses of a level, of which calibration looks for the numbers.
 *
 * @param blur   sigma in pixels of the good photo
 * @param noise  sigma in 8-bit levels
 * @param jpeg   quality
 * @param second how strong the same losses come again on the small photo, from 0, not at all, to 1: half as much blur, as much noise and JPEG
 */
record Losses(double blur, double noise, double jpeg, double second) {
    /** How many numbers there are. */
    static final int COUNT = 4;
    private static final double MOST_BLUR = 4, MOST_NOISE = 30, MOST_JPEG = 90;

    /** At a point whose axes go from 0, no loss, to 1; rounded to three digits. */
    static Losses at(double[] point) {
        return new Losses(rounded(MOST_BLUR * point[0]), rounded(MOST_NOISE * point[1]), rounded(100 - MOST_JPEG * point[2]), rounded(point[3]));
    }

    private static double rounded(double x) { return Math.rint(1000 * x) / 1000; }

    /** As degradations are written. */
    String text() {
        String first = text(blur, noise, jpeg);
        return second == 0 ? first : first + "+" + text(second * blur / 2, second * noise, 100 - second * (100 - jpeg));
    }

    private static String text(double blur, double noise, double jpeg) {
        return String.format(Locale.ROOT, "blur:%.3f+noise:%.3f+jpeg:%.3f", blur, noise, jpeg);
    }

    @Override public String toString() {
        return String.format(Locale.ROOT, "blur %.2f pixels, noise %.1f levels, JPEG %.0f, second pass %.2f", blur, noise, jpeg, second);
    }
}
