package dev.faithdiff.degrade;

import dev.faithdiff.image.FloatImage;
import java.util.Arrays;

/**
 * JPEG's loss without a file or rounding to 8 bits (BasicSR, DiffJPEG with plain rounding): the image is padded with black to
 * multiples of 16, colour is averaged over 2x2 pixels. As published, the luma table is transposed against the JPEG standard.
 */
public final class TensorJpeg {
    private static final int[] LUMA = {
        16, 12, 14, 14, 18, 24, 49, 72,
        11, 12, 13, 17, 22, 35, 64, 92,
        10, 14, 16, 22, 37, 55, 78, 95,
        16, 19, 24, 29, 56, 64, 87, 98,
        24, 26, 40, 51, 68, 81, 103, 112,
        40, 58, 57, 87, 109, 104, 121, 100,
        51, 60, 69, 80, 103, 113, 120, 103,
        61, 55, 56, 62, 77, 92, 101, 99};
    private static final int[] CHROMA = {
        17, 18, 24, 47, 99, 99, 99, 99,
        18, 21, 26, 66, 99, 99, 99, 99,
        24, 26, 56, 99, 99, 99, 99, 99,
        47, 66, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99};

    /** Orthonormal cosines: [frequency][position]. */
    private static final double[][] DCT = new double[8][8];
    static {
        for (int u = 0; u < 8; u++) {
            for (int x = 0; x < 8; x++) DCT[u][x] = (u == 0 ? Math.sqrt(0.5) : 1) * 0.5 * Math.cos((2 * x + 1) * u * Math.PI / 16);
        }
    }

    private TensorJpeg() {}

    /** The image after a quality of 1 (worst) to below 100 (where the published formula divides by zero), clamped to 0..1. */
    public static FloatImage compress(FloatImage in, double quality) {
        if (!(quality >= 1 && quality < 100)) throw new IllegalArgumentException("quality goes from 1 to below 100, not " + quality);
        double factor = (quality < 50 ? 5000 / quality : 200 - 2 * quality) / 100;
        int w = Math.ceilDiv(in.width(), 16) * 16, h = Math.ceilDiv(in.height(), 16) * 16;
        double[] y = new double[w * h], cb = new double[w * h / 4], cr = new double[w * h / 4];
        toYcc(in, w, y, cb, cr);
        quantize(y, w, LUMA, factor);
        quantize(cb, w / 2, CHROMA, factor);
        quantize(cr, w / 2, CHROMA, factor);
        return toRgb(in.width(), in.height(), w, y, cb, cr);
    }

    /** In 8-bit levels minus 128; the padding is black: luma -128, colour zero. */
    private static void toYcc(FloatImage in, int w, double[] y, double[] cb, double[] cr) {
        Arrays.fill(y, -128);
        for (int row = 0; row < in.height(); row++) {
            for (int x = 0; x < in.width(); x++) {
                int p = 3 * (row * in.width() + x), quarter = row / 2 * (w / 2) + x / 2;
                double r = in.rgb()[p] * 255f, g = in.rgb()[p + 1] * 255f, b = in.rgb()[p + 2] * 255f;
                y[row * w + x] = 0.299 * r + 0.587 * g + 0.114 * b - 128;
                cb[quarter] += (-0.168736 * r - 0.331264 * g + 0.5 * b) / 4;
                cr[quarter] += (0.5 * r - 0.418688 * g - 0.081312 * b) / 4;
            }
        }
    }

    private static FloatImage toRgb(int width, int height, int w, double[] luma, double[] blue, double[] red) {
        float[] rgb = new float[3 * width * height];
        for (int row = 0, p = 0; row < height; row++) {
            for (int x = 0; x < width; x++) {
                int quarter = row / 2 * (w / 2) + x / 2;
                double y = luma[row * w + x] + 128, cb = blue[quarter], cr = red[quarter];
                rgb[p++] = unit(y + 1.402 * cr);
                rgb[p++] = unit(y - 0.344136 * cb - 0.714136 * cr);
                rgb[p++] = unit(y + 1.772 * cb);
            }
        }
        return new FloatImage(width, height, rgb);
    }

    private static float unit(double level) { return (float) (Math.clamp(level, 0, 255) / 255); }

    /** Rounds the cosine coefficients of each 8x8 block of a plane to multiples of the table's steps. */
    private static void quantize(double[] plane, int w, int[] table, double factor) {
        double[] block = new double[64];
        for (int at = 0; at < plane.length; at += 8 * w) {
            for (int left = at; left < at + w; left += 8) {
                for (int i = 0; i < 64; i++) block[i] = plane[left + i / 8 * w + i % 8];
                block = turn(turn(block, false), false);
                for (int i = 0; i < 64; i++) block[i] = Math.rint(block[i] / (table[i] * factor)) * (table[i] * factor);
                block = turn(turn(block, true), true);
                for (int i = 0; i < 64; i++) plane[left + i / 8 * w + i % 8] = block[i];
            }
        }
    }

    /** The transform along rows, or back, transposed: two turns transform a block. */
    private static double[] turn(double[] block, boolean back) {
        double[] turned = new double[64];
        for (int row = 0; row < 8; row++) {
            for (int to = 0; to < 8; to++) {
                double sum = 0;
                for (int from = 0; from < 8; from++) sum += block[8 * row + from] * (back ? DCT[from][to] : DCT[to][from]);
                turned[8 * to + row] = sum;
            }
        }
        return turned;
    }
}
