package dev.faithdiff.quality;

import dev.faithdiff.image.Image;
import java.util.stream.IntStream;

/**
 * Structural similarity (Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity") as pyiqa computes it, 1
 * for equal images: values rounded to 8-bit levels, Gaussian windows of 11 pixels inside the image, contrast and structure not below zero; the
 * mean of the channels.
 */
public record Ssim(Channels channels) implements Measure {
    static final int WINDOW = 11;
    private static final double SIGMA = 1.5;
    private static final double C1 = 0.01 * 255 * (0.01 * 255), C2 = 0.03 * 255 * (0.03 * 255);
    private static final double[] WEIGHTS = weights();

    /** Means over all windows. @param contrast of contrast and structure alone, without luminance */
    record Means(double similarity, double contrast) {}

    @Override public String name() { return "ssim-" + channels; }

    @Override public Better better() { return Better.HIGHER; }

    @Override public boolean needsReference() { return true; }

    @Override public double of(Image image, Image reference) {
        MeasureError.checkSizes(this, image, reference);
        MeasureError.checkSide(this, image, WINDOW);
        double[][] x = channels.levels(image), y = channels.levels(reference);
        double sum = 0;
        for (int c = 0; c < x.length; c++) sum += means(x[c], y[c], image.width(), image.height()).similarity;
        return sum / x.length;
    }

    /** Of planes of levels. */
    static Means means(double[] x, double[] y, int w, int h) {
        int rows = h - WINDOW + 1, columns = w - WINDOW + 1;
        double windows = (double) rows * columns;
        double[][] sums = new double[rows][];
        IntStream.range(0, rows).parallel().forEach(top -> {
            double[] row = new double[2];
            for (int left = 0; left < columns; left++) window(x, y, top * w + left, w, row);
            sums[top] = row;
        });
        double similarity = 0, contrast = 0;
        for (double[] row : sums) {
            similarity += row[0];
            contrast += row[1];
        }
        return new Means(similarity / windows, contrast / windows);
    }

    /** Adds one window's similarity and contrast. */
    private static void window(double[] x, double[] y, int at, int w, double[] sums) {
        double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
        for (int k = 0; k < WEIGHTS.length; k++) {
            int i = at + k / WINDOW * w + k % WINDOW;
            double wx = WEIGHTS[k] * x[i], wy = WEIGHTS[k] * y[i];
            mx += wx;
            my += wy;
            xx += wx * x[i];
            yy += wy * y[i];
            xy += wx * y[i];
        }
        double contrast = Math.max((2 * (xy - mx * my) + C2) / (xx - mx * mx + (yy - my * my) + C2), 0);
        sums[0] += contrast * (2 * mx * my + C1) / (mx * mx + my * my + C1);
        sums[1] += contrast;
    }

    /** A Gaussian that sums to one, each weight then rounded to float32 as published. */
    private static double[] weights() {
        double[] weights = GaussianWindow.of(WINDOW, SIGMA);
        for (int k = 0; k < weights.length; k++) weights[k] = (float) weights[k];
        return weights;
    }
}
