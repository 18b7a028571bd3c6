package dev.faithdiff.image;

import java.util.stream.IntStream;

/**
 * CIELAB of sRGB (D65, 2 degrees): lightness 0..100, and a and b, in which equal distances look about equally large. Source: IEC 61966-2-1 and
 * CIE 15, with the numbers of scikit-image.
 */
public final class Lab {
    private static final double[][] TO_XYZ = {{0.412453, 0.357580, 0.180423}, {0.212671, 0.715160, 0.072169}, {0.019334, 0.119193, 0.950227}};
    private static final double[][] TO_RGB = {{3.240479, -1.537150, -0.498535}, {-0.969256, 1.875992, 0.041556}, {0.055648, -0.204043, 1.057311}};
    private static final double[] WHITE = {0.95047, 1, 1.08883};
    /** Where the cube root ends, and the slope below. */
    private static final double KNEE = 0.008856, SLOPE = 7.787, OFFSET = 16.0 / 116;

    private Lab() {}

    /** Linear light of each sample value of 8 or 16 bits. */
    private static double[] linear(int bits) {
        int max = bits == 16 ? 65535 : 255;
        return IntStream.rangeClosed(0, max).mapToDouble(v -> linear(v / (double) max)).toArray();
    }

    /** Linear light of a sample from 0 to 1. */
    public static double linear(double v) { return v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); }

    private static double gamma(double v) { return v <= 0.0031308 ? 12.92 * v : 1.055 * Math.pow(v, 1 / 2.4) - 0.055; }

    /** Lightness, a and b of linear light from 0 to 1. */
    public static double[] of(double red, double green, double blue) {
        double[] f = new double[3];
        for (int k = 0; k < 3; k++) {
            double t = (TO_XYZ[k][0] * red + TO_XYZ[k][1] * green + TO_XYZ[k][2] * blue) / WHITE[k];
            f[k] = t > KNEE ? Math.cbrt(t) : SLOPE * t + OFFSET;
        }
        return new double[] {116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])};
    }

    /** The pixels' lightness, a and b, one after another. */
    static float[] of(Image image) {
        double[] linear = linear(image.bits());
        float[] lab = new float[image.rgb().length];
        IntStream.range(0, image.height()).parallel().forEach(y -> {
            for (int i = 3 * y * image.width(), end = i + 3 * image.width(); i < end; i += 3) {
                double[] colour = of(linear[image.sample(i)], linear[image.sample(i + 1)], linear[image.sample(i + 2)]);
                for (int k = 0; k < 3; k++) lab[i + k] = (float) colour[k];
            }
        });
        return lab;
    }

    /** The image of lightness, a and b; colours that sRGB does not have are clamped. @param bits 8 or 16 */
    static Image image(float[] lab, int width, int height, int bits) {
        byte[] rgb = Image.blank(width, height), low = bits == 16 ? new byte[rgb.length] : null;
        IntStream.range(0, height).parallel().forEach(y -> {
            double[] xyz = new double[3];
            for (int i = 3 * y * width, end = i + 3 * width; i < end; i += 3) {
                double fy = (lab[i] + 16) / 116;
                double[] f = {fy + lab[i + 1] / 500, fy, fy - lab[i + 2] / 200};
                for (int k = 0; k < 3; k++) {
                    double cube = f[k] * f[k] * f[k];
                    xyz[k] = WHITE[k] * (cube > KNEE ? cube : (f[k] - OFFSET) / SLOPE);
                }
                for (int c = 0; c < 3; c++) {
                    double v = gamma(TO_RGB[c][0] * xyz[0] + TO_RGB[c][1] * xyz[1] + TO_RGB[c][2] * xyz[2]);
                    int sample = (int) Math.round(Math.clamp(v, 0, 1) * (low == null ? 255 : 65535));
                    if (low == null) rgb[i + c] = (byte) sample;
                    else Image.put(sample, rgb, low, i + c);
                }
            }
        });
        return Image.of(width, height, rgb, low);
    }
}
