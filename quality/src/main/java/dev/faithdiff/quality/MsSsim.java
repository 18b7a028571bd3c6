package dev.faithdiff.quality;

import dev.faithdiff.image.Image;

/**
 * Structural similarity at five sizes (Wang et al. 2003, "Multiscale structural similarity for image quality assessment") as pyiqa computes it on
 * luma: contrast and structure at the first four sizes, all at the last, each to the power of its weight.
 */
public record MsSsim() implements Measure {
    private static final float[] WEIGHTS = {0.0448f, 0.2856f, 0.3001f, 0.2363f, 0.1333f};
    /** The last size then still holds a window. */
    private static final int LEAST = 161;

    @Override public String name() { return "ms-ssim"; }

    @Override public Better better() { return Better.HIGHER; }

    @Override public boolean needsReference() { return true; }

    @Override public double of(Image image, Image reference) {
        MeasureError.checkSizes(this, image, reference);
        MeasureError.checkSide(this, image, LEAST);
        double[] x = Channels.Y.levels(image)[0], y = Channels.Y.levels(reference)[0];
        int w = image.width(), h = image.height();
        double product = 1;
        for (int level = 0; level < WEIGHTS.length; level++) {
            boolean isLast = level == WEIGHTS.length - 1;
            Ssim.Means means = Ssim.means(x, y, w, h);
            product *= Math.pow(isLast ? means.similarity() : means.contrast(), WEIGHTS[level]);
            if (isLast) break;
            x = half(x, w, h);
            y = half(y, w, h);
            w = (w + 1) / 2;
            h = (h + 1) / 2;
        }
        return product;
    }

    /** Means of 2x2 pixels. An odd side gets a zero before its first pixel, which counts, as published. */
    private static double[] half(double[] in, int w, int h) {
        int columns = (w + 1) / 2, rows = (h + 1) / 2, left = w % 2, top = h % 2;
        double[] out = new double[columns * rows];
        for (int i = 0; i < out.length; i++) {
            for (int k = 0; k < 4; k++) {
                int x = i % columns * 2 - left + k % 2, y = i / columns * 2 - top + k / 2;
                if (x >= 0 && y >= 0) out[i] += in[y * w + x] / 4;
            }
        }
        return out;
    }
}
