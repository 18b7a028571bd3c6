package dev.faithdiff.quality;

import dev.faithdiff.image.Image;

/**
 * How unevenly gradients are alike (Xue et al. 2014, "Gradient magnitude similarity deviation"), on luma of half the size; 0 for equal images.
 */
public record Gmsd() implements Measure {
    private static final double C = 170;

    @Override public String name() { return "gmsd"; }

    @Override public Better better() { return Better.LOWER; }

    @Override public boolean needsReference() { return true; }

    @Override public double of(Image image, Image reference) {
        MeasureError.checkSizes(this, image, reference);
        MeasureError.checkSide(this, image, 4);
        double[] x = gradients(image), y = gradients(reference);
        double sum = 0, squares = 0;
        for (int i = 0; i < x.length; i++) {
            x[i] = Maps.similarity(x[i], y[i], C);
            sum += x[i];
        }
        double mean = sum / x.length;
        for (double s : x) squares += (s - mean) * (s - mean);
        return Math.sqrt(squares / (x.length - 1));
    }

    private static double[] gradients(Image image) {
        double[] half = Maps.pool(Channels.Y.levels(image)[0], image.width(), image.height(), 2);
        return Maps.gradient(half, image.width() / 2, image.height() / 2, 1 / 3.0, 1 / 3.0, 1e-12);
    }
}
