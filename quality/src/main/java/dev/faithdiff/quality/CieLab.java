package dev.faithdiff.quality;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.Lab;
import java.util.stream.IntStream;

/** Colours of 8 bits in CIELAB, and the colour difference CIEDE2000. A colour is (L, a, b). */
final class CieLab {
    private static final double[] LINEAR = IntStream.range(0, 256).mapToDouble(v -> Lab.linear(v / 255.0)).toArray();

    private CieLab() {}

    /** Of pixel {@code i}. */
    static double[] of(Image image, int i) {
        byte[] rgb = image.rgb();
        return of(rgb[3 * i] & 0xff, rgb[3 * i + 1] & 0xff, rgb[3 * i + 2] & 0xff);
    }

    static double[] of(int r, int g, int b) { return Lab.of(LINEAR[r], LINEAR[g], LINEAR[b]); }

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
