package dev.faithdiff.quality;

import dev.faithdiff.image.Image;

/**
 * The strongest straight seam of an image made in tiles, in levels of luma: its difference to the reference is averaged over each column and each
 * row, and the largest step between neighbours counts. The reference has no seams: the same restored in one tile, or the good photo. This project's
 * own definition.
 */
public record Seams() implements Measure {
    @Override public String name() { return "seams"; }

    @Override public Better better() { return Better.LOWER; }

    @Override public boolean needsReference() { return true; }

    @Override public double of(Image image, Image reference) {
        MeasureError.checkSizes(this, image, reference);
        MeasureError.checkSide(this, image, 2);
        int w = image.width(), h = image.height();
        float[] x = Channels.Y.planes(image)[0], y = Channels.Y.planes(reference)[0];
        double[] columns = new double[w], rows = new double[h];
        for (int i = 0; i < x.length; i++) {
            double difference = 255 * ((double) x[i] - y[i]);
            columns[i % w] += difference / h;
            rows[i / w] += difference / w;
        }
        return Math.max(largestStep(columns), largestStep(rows));
    }

    private static double largestStep(double[] means) {
        double largest = 0;
        for (int i = 1; i < means.length; i++) largest = Math.max(largest, Math.abs(means[i] - means[i - 1]));
        return largest;
    }
}
