package dev.faithdiff.quality;

import dev.faithdiff.image.Image;

/** CIELAB of sRGB under D65 (2 degrees), with the numbers of scikit-image, and the colour difference CIEDE2000. A colour is (L, a, b). */
final class CieLab {
    private static final double[][] XYZ = {{0.412453, 0.357580, 0.180423}, {0.212671, 0.715160, 0.072169}, {0.019334, 0.119193, 0.950227}};
    private static final double[] WHITE = {0.95047, 1, 1.08883};
    private static final double[] LINEAR = new double[256];
    static {
        for (int v = 0; v < 256; v++) {
            double s = v / 255.0;
            LINEAR[v] = s > 0.04045 ? Math.pow((s + 0.055) / 1.055, 2.4) : s / 12.92;
        }
    }

    private CieLab() {}

    /** Of pixel {@code i}. */
    static double[] of(Image image, int i) {
        byte[] rgb = image.rgb();
        return of(rgb[3 * i] & 0xff, rgb[3 * i + 1] & 0xff, rgb[3 * i + 2] & 0xff);
    }

    static double[] of(int r, int g, int b) {
        double[] f = new double[3];
        for (int k = 0; k < 3; k++) {
            double t = (XYZ[k][0] * LINEAR[r] + XYZ[k][1] * LINEAR[g] + XYZ[k][2] * LINEAR[b]) / WHITE[k];
            f[k] = t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116.0;
        }
        return new double[] {116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])};
    }

    /** CIEDE2000 (Sharma et al. 2005, "The CIEDE2000 color-difference formula"), all weights 1. */
    static double difference(double[] p, double[] q) {
        double chroma = (Math.hypot(p[1], p[2]) + Math.hypot(q[1], q[2])) / 2, seventh = Math.pow(chroma, 7);
        double stretch = 1 + 0.5 * (1 - Math.sqrt(seventh / (seventh + Math.pow(25, 7))));
        double a1 = p[1] * stretch, a2 = q[1] * stretch;
        double c1 = Math.hypot(a1, p[2]), c2 = Math.hypot(a2, q[2]), h1 = hue(a1, p[2]), h2 = hue(a2, q[2]);
        boolean isGrey = c1 * c2 == 0;
        double turn = isGrey ? 0 : h2 - h1, sum = h1 + h2;
        if (turn > 180) turn -= 360;
        else if (turn < -180) turn += 360;
        double meanHue = isGrey ? sum : Math.abs(h1 - h2) <= 180 ? sum / 2 : sum < 360 ? (sum + 360) / 2 : (sum - 360) / 2;
        double lightness = (p[0] + q[0]) / 2 - 50, meanChroma = (c1 + c2) / 2, chroma7 = Math.pow(meanChroma, 7);
        double t = 1 - 0.17 * cos(meanHue - 30) + 0.24 * cos(2 * meanHue) + 0.32 * cos(3 * meanHue + 6) - 0.20 * cos(4 * meanHue - 63);
        double dl = (q[0] - p[0]) / (1 + 0.015 * lightness * lightness / Math.sqrt(20 + lightness * lightness));
        double dc = (c2 - c1) / (1 + 0.045 * meanChroma);
        double dh = 2 * Math.sqrt(c1 * c2) * Math.sin(Math.toRadians(turn / 2)) / (1 + 0.015 * meanChroma * t);
        double blue = (meanHue - 275) / 25, rotation = 2 * Math.sqrt(chroma7 / (chroma7 + Math.pow(25, 7)));
        rotation *= -Math.sin(Math.toRadians(60 * Math.exp(-blue * blue)));
        return Math.sqrt(Math.max(0, dl * dl + dc * dc + dh * dh + rotation * dc * dh));
    }

    /** In degrees, 0 to 360. */
    private static double hue(double a, double b) {
        double degrees = Math.toDegrees(Math.atan2(b, a));
        return degrees < 0 ? degrees + 360 : degrees;
    }

    private static double cos(double degrees) { return Math.cos(Math.toRadians(degrees)); }
}
