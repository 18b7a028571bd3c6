package dev.faithdiff.quality.trust;

import dev.faithdiff.image.Image;
import java.util.random.RandomGenerator;

/**
 * One photo whose truth is known: for each score, how large a part of the result has at most that score, and the largest error in it. An error is
 * the mean absolute difference from the truth over channels and over 5x5 pixels, in shares of the range: 0..1.
 *
 * @param share   of the pixels, for scores 0..255
 * @param largest error, for scores 0..255; 0 where the part is empty
 */
record TrustedPart(double[] share, double[] largest) {
    static final int SCORES = 256;
    private static final int WINDOW = 5;

    static Plane errors(Image result, Image truth) { return Plane.difference(result, truth).mean(WINDOW); }

    static TrustedPart of(byte[] scores, Plane errors) {
        double[] share = new double[SCORES], largest = new double[SCORES];
        for (int i = 0; i < scores.length; i++) {
            int s = scores[i] & 0xff;
            share[s]++;
            largest[s] = Math.max(largest[s], errors.values()[i]);
        }
        for (int s = 0; s < SCORES; s++) {
            share[s] = share[s] / scores.length + (s == 0 ? 0 : share[s - 1]);
            if (s > 0) largest[s] = Math.max(largest[s], largest[s - 1]);
        }
        return new TrustedPart(share, largest);
    }

    /** The largest of so many errors, of pixels drawn at random, each at most once. */
    static double largestOfRandom(Plane errors, long count, RandomGenerator random) {
        long left = count;
        double largest = 0;
        int pixels = errors.values().length;
        for (int i = 0; i < pixels && left > 0; i++) {
            if (random.nextLong(pixels - i) >= left) continue;
            left--;
            largest = Math.max(largest, errors.values()[i]);
        }
        return largest;
    }
}
