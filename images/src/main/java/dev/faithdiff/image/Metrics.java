package dev.faithdiff.image;

import java.util.stream.IntStream;

/**
 * How near a photo is to its original, as pyiqa measures it for the published numbers. Cut borders off with {@link Image#crop}
 * first where a number is defined without them.
 */
public final class Metrics {
    private static final int WINDOW = 11;
    private static final double SIGMA = 1.5;
    private static final double C1 = 0.01 * 255 * (0.01 * 255), C2 = 0.03 * 255 * (0.03 * 255);
    private static final double[] WEIGHTS = weights();

    /** What is compared: each gives planes of values 0..1. */
    public enum Channels {
        RGB {
            @Override float[][] planes(Image image) {
                float[][] planes = new float[3][image.width() * image.height()];
                for (int i = 0; i < image.rgb().length; i++) planes[i % 3][i / 3] = (image.rgb()[i] & 0xff) / 255f;
                return planes;
            }
        },
        /** Luma of YIQ, black 0 and white 1: pyiqa's default. */
        LUMA {
            @Override float[][] planes(Image image) { return new float[][]{mix(RGB.planes(image), 0.299f, 0.587f, 0.114f, 0)}; }
        },
        /** Luma of BT.601 as video holds it, black 16/255 and white 235/255. */
        LIMITED_LUMA {
            @Override float[][] planes(Image image) {
                float[] y = mix(RGB.planes(image), 65.481f, 128.553f, 24.966f, 16);
                for (int i = 0; i < y.length; i++) y[i] /= 255f;
                return new float[][]{y};
            }
        };

        abstract float[][] planes(Image image);

        private static float[] mix(float[][] rgb, float r, float g, float b, float offset) {
            float[] mixed = new float[rgb[0].length];
            for (int i = 0; i < mixed.length; i++) mixed[i] = r * rgb[0][i] + g * rgb[1][i] + b * rgb[2][i] + offset;
            return mixed;
        }
    }

    private Metrics() {}

    /**
     * Peak signal-to-noise ratio in dB: 10 log10(1 / (mean squared error + 1e-8)), 80 for equal photos.
     *
     * @throws ImageError if the sizes differ
     */
    public static double psnr(Image a, Image b, Channels channels) {
        checkSizes(a, b);
        float[][] x = channels.planes(a), y = channels.planes(b);
        double sum = 0;
        for (int c = 0; c < x.length; c++) {
            for (int i = 0; i < x[c].length; i++) sum += ((double) x[c][i] - y[c][i]) * ((double) x[c][i] - y[c][i]);
        }
        return 10 * Math.log10(1 / (sum / (x.length * x[0].length) + 1e-8));
    }

    /**
     * Structural similarity (Wang et al., 2004), 1 for equal photos: values rounded to 8-bit levels, Gaussian windows of 11
     * pixels inside the photo, contrast and structure not below zero; the mean of the channels.
     *
     * @throws ImageError if the sizes differ or a side is shorter than 11 pixels
     */
    public static double ssim(Image a, Image b, Channels channels) {
        checkSizes(a, b);
        if (Math.min(a.width(), a.height()) < WINDOW) throw new ImageError("SSIM takes at least 11x11 pixels, got " + a);
        float[][] x = channels.planes(a), y = channels.planes(b);
        double sum = 0;
        for (int c = 0; c < x.length; c++) sum += ssim(levels(x[c]), levels(y[c]), a.width(), a.height());
        return sum / x.length;
    }

    /**
     * How much fine detail a photo has, true or not: the mean absolute Laplacian (four neighbours) of its luma, in 8-bit levels, inside the photo.
     *
     * @throws ImageError if a side is shorter than 3 pixels
     */
    public static double detail(Image image) {
        int w = image.width(), h = image.height();
        if (Math.min(w, h) < 3) throw new ImageError("detail takes at least 3x3 pixels, got " + image);
        float[] y = Channels.LUMA.planes(image)[0];
        double sum = 0;
        for (int row = 1; row < h - 1; row++) {
            for (int i = row * w + 1; i < row * w + w - 1; i++) sum += Math.abs(y[i - 1] + y[i + 1] + y[i - w] + y[i + w] - 4 * y[i]);
        }
        return 255 * sum / ((double) (w - 2) * (h - 2));
    }

    private static double ssim(double[] x, double[] y, int w, int h) {
        int rows = h - WINDOW + 1, columns = w - WINDOW + 1;
        double[] sums = IntStream.range(0, rows).parallel().mapToDouble(top -> {
            double row = 0;
            for (int left = 0; left < columns; left++) row += window(x, y, top * w + left, w);
            return row;
        }).toArray();
        double sum = 0;
        for (double row : sums) sum += row;
        return sum / ((double) rows * columns);
    }

    /** The similarity of one window. */
    private static double window(double[] x, double[] y, int at, int w) {
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
        double contrast = (2 * (xy - mx * my) + C2) / (xx - mx * mx + (yy - my * my) + C2);
        return Math.max(contrast, 0) * (2 * mx * my + C1) / (mx * mx + my * my + C1);
    }

    private static double[] levels(float[] values) {
        double[] levels = new double[values.length];
        for (int i = 0; i < levels.length; i++) levels[i] = Math.rint(values[i] * 255f);
        return levels;
    }

    /** A Gaussian that sums to one, each weight then rounded to float32 as published. */
    private static double[] weights() {
        double[] weights = new double[WINDOW * WINDOW];
        double sum = 0;
        for (int k = 0; k < weights.length; k++) {
            int x = k % WINDOW - WINDOW / 2, y = k / WINDOW - WINDOW / 2;
            weights[k] = Math.exp(-(x * x + y * y) / (2 * SIGMA * SIGMA));
            sum += weights[k];
        }
        for (int k = 0; k < weights.length; k++) weights[k] = (float) (weights[k] / sum);
        return weights;
    }

    private static void checkSizes(Image a, Image b) {
        if (a.width() != b.width() || a.height() != b.height()) {
            throw new ImageError("photos of one size are compared, got " + a + " and " + b);
        }
    }
}
