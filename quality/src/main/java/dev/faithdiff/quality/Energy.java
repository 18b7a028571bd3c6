package dev.faithdiff.quality;

import dev.faithdiff.image.Image;

/**
 * How much there is to see in an image, true or not, in levels of luma. More is not better in itself: compare with the original's. This project's
 * own definitions.
 */
public record Energy(Kind kind) implements Measure {
    /** What is seen. */
    public enum Kind {
        /** Edges: the mean length of the Scharr gradient inside the image. */
        EDGES("edge-energy"),
        /** Texture: the mean standard deviation in Gaussian windows of 7 pixels. */
        TEXTURE("texture-energy"),
        /** The finest detail: the mean absolute Laplacian (four neighbours) inside the image. */
        DETAIL("detail");

        private final String measure;

        Kind(String measure) { this.measure = measure; }
    }

    @Override public String name() { return kind.measure; }

    @Override public Better better() { return Better.NEITHER; }

    @Override public boolean needsReference() { return false; }

    @Override public double of(Image image, Image reference) {
        MeasureError.checkSide(this, image, 3);
        int w = image.width(), h = image.height();
        float[] luma = Channels.Y.planes(image)[0];
        double[] y = new double[luma.length];
        for (int i = 0; i < y.length; i++) y[i] = 255.0 * luma[i];
        return switch (kind) {
            case EDGES -> inside(Maps.gradient(y, w, h, 3 / 16.0, 10 / 16.0, 0), w, h);
            case TEXTURE -> inside(LocalContrast.of(y, w, h, false).deviation(), w, h);
            case DETAIL -> inside(laplacian(y, w, h), w, h);
        };
    }

    private static double[] laplacian(double[] y, int w, int h) {
        double[] out = new double[y.length];
        for (int row = 1; row < h - 1; row++) {
            for (int i = row * w + 1; i < row * w + w - 1; i++) out[i] = Math.abs(y[i - 1] + y[i + 1] + y[i - w] + y[i + w] - 4 * y[i]);
        }
        return out;
    }

    /** The mean without the outermost pixels. */
    private static double inside(double[] map, int w, int h) {
        double sum = 0;
        for (int row = 1; row < h - 1; row++) for (int i = row * w + 1; i < row * w + w - 1; i++) sum += map[i];
        return sum / ((double) (w - 2) * (h - 2));
    }
}
