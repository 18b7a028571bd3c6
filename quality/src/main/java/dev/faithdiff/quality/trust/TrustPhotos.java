package dev.faithdiff.quality.trust;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Restored photos whose truth is known: a {@link Calibration} is made of them, or held to them. */
public final class TrustPhotos {
    private static final long SEED = 1;

    /** What is known of one photo when a calibration is checked. */
    private record Seen(TrustedPart part, Plane errors) {}

    private final boolean keeps;
    private final List<Seen> photos = new ArrayList<>();

    /** @param keeps whether all errors are kept for {@link #check}, else only what a calibration needs */
    public TrustPhotos(boolean keeps) { this.keeps = keeps; }

    /** Adds a photo. @param scores of the result. @param truth of its size */
    public void add(byte[] scores, Image result, Image truth) {
        if (result.width() != truth.width() || result.height() != truth.height()) {
            throw new ImageError("a result is held to a truth of its size, got " + result + " and " + truth);
        }
        Plane errors = TrustedPart.errors(result, truth);
        photos.add(new Seen(TrustedPart.of(scores, errors), keeps ? errors : null));
    }

    public int size() { return photos.size(); }

    /** The calibration by these photos. @param made how, by name. @param side of the results in pixels. @param seeds further ones of each score */
    public Calibration calibration(Map<String, Object> made, int side, int seeds) {
        return Calibration.of(photos.stream().map(Seen::part).toList(), made, side, seeds);
    }

    /**
     * What a calibration promises for an error, and what these photos, which it was not made of, say. All are means over photos.
     *
     * @param threshold -1: no pixel may be trusted
     * @param share     of the pixels that are in the mask
     * @param largest   error inside the mask; a photo without a mask counts 0
     * @param random    largest error among as many pixels drawn at random
     * @param anywhere  largest error of the whole photo
     */
    public record Check(double alpha, int threshold, double share, double largest, double random, double anywhere) {}

    /** Holds a calibration to these photos. */
    public Check check(Calibration calibration, double alpha) {
        int t = calibration.threshold(alpha), n = photos.size();
        Random draw = new Random(SEED);
        double share = 0, largest = 0, random = 0, anywhere = 0;
        for (Seen p : photos) {
            double own = t < 0 ? 0 : p.part.share()[t];
            share += own / n;
            largest += t < 0 ? 0 : p.part.largest()[t] / n;
            random += TrustedPart.largestOfRandom(p.errors, Math.round(own * p.errors.values().length), draw) / n;
            anywhere += p.errors.largest() / n;
        }
        return new Check(alpha, t, share, largest, random, anywhere);
    }
}
