package dev.faithdiff.quality.trust;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;

/**
 * Where a result is likely to be wrong, without knowing the truth: a score of 0 (surely right) to 255 for each pixel. This project's own definition,
 * over squares of 15x15 pixels: the root of the deviation of the result's luma, four times the mean change from the enlarged photo, and, where
 * several seeds were tried, four times the mean deviation between them; 1 and more is 255. No calibration depends on how good a score is, only the
 * size of the masks does.
 */
public final class TrustScore {
    private static final int WINDOW = 15;
    private static final float WEIGHT = 4;

    private TrustScore() {}

    /**
     * Scores of a result, row by row.
     *
     * @param enlarged the photo at the result's size
     * @param seeds    how far results of several seeds differ; null: only one was tried
     */
    public static byte[] of(Image result, Image enlarged, Plane seeds) {
        Plane change = Plane.difference(result, enlarged).mean(WINDOW), structure = Plane.luma(result).spread(WINDOW);
        Plane apart = seeds == null ? null : seeds.mean(WINDOW);
        byte[] scores = new byte[change.values().length];
        for (int i = 0; i < scores.length; i++) {
            float sum = structure.values()[i] + WEIGHT * change.values()[i] + (apart == null ? 0 : WEIGHT * apart.values()[i]);
            scores[i] = (byte) Math.min(255, (int) (255 * Math.sqrt(sum)));
        }
        return scores;
    }

    /**
     * What a result shows that its photo does not: the result is shrunk to the photo's size (bicubic), and what differs there is given to all
     * pixels of the result that the photo's pixel covers. Null where the result is smaller than the photo.
     */
    public static Plane unexplained(Image result, Image photo) {
        if (result.width() < photo.width() || result.height() < photo.height()) return null;
        Plane small = Plane.difference(Resize.resize(result.to8Bits(), photo.width(), photo.height(), Filter.BICUBIC), photo);
        int w = result.width(), h = result.height();
        float[] large = new float[w * h];
        for (int i = 0; i < large.length; i++) {
            int x = (int) ((long) (i % w) * photo.width() / w), y = (int) ((long) (i / w) * photo.height() / h);
            large[i] = small.values()[y * photo.width() + x];
        }
        return new Plane(w, h, large);
    }
}
