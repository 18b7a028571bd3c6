package dev.faithdiff.image;

/** CIEDE2000 colour differences, with all weights 1. Source: CIE 142; Sharma, Wu and Dalal 2005. */
public final class DeltaE {
    private static final double TO_25 = Math.pow(25, 7);

    private DeltaE() {}

    /** The mean over the pixels of two images of one size. */
    public static double mean(Image a, Image b) {
        float[] p = Lab.of(a), q = Lab.of(b);
        double sum = 0;
        for (int i = 0; i < p.length; i += 3) sum += of(new double[] {p[i], p[i + 1], p[i + 2]}, new double[] {q[i], q[i + 1], q[i + 2]});
        return sum / (p.length / 3);
    }

    /** The difference of two colours in CIELAB. */
    static double of(double[] x, double[] y) {
        double mean = (Math.hypot(x[1], x[2]) + Math.hypot(y[1], y[2])) / 2, g = 0.5 * (1 - root(mean));
        double a1 = (1 + g) * x[1], a2 = (1 + g) * y[1], c1 = Math.hypot(a1, x[2]), c2 = Math.hypot(a2, y[2]);
        double h1 = hue(a1, x[2]), h2 = hue(a2, y[2]), turn = h2 - h1, middle = h1 + h2;
        boolean grey = c1 * c2 == 0;
        if (grey) turn = 0;
        else if (turn > 180) turn -= 360;
        else if (turn < -180) turn += 360;
        if (!grey) middle = Math.abs(h1 - h2) <= 180 ? middle / 2 : middle < 360 ? (middle + 360) / 2 : (middle - 360) / 2;
        double lightness = (x[0] + y[0]) / 2 - 50, chroma = (c1 + c2) / 2, square = lightness * lightness;
        double t = 1 - 0.17 * cos(middle - 30) + 0.24 * cos(2 * middle) + 0.32 * cos(3 * middle + 6) - 0.20 * cos(4 * middle - 63);
        double l = (y[0] - x[0]) / (1 + 0.015 * square / Math.sqrt(20 + square)), c = (c2 - c1) / (1 + 0.045 * chroma);
        double h = 2 * Math.sqrt(c1 * c2) * Math.sin(Math.toRadians(turn / 2)) / (1 + 0.015 * chroma * t);
        double bend = (middle - 275) / 25, rotation = -Math.sin(Math.toRadians(60 * Math.exp(-bend * bend))) * 2 * root(chroma);
        return Math.sqrt(Math.max(0, l * l + c * c + h * h + rotation * c * h));
    }

    private static double root(double chroma) { return Math.sqrt(Math.pow(chroma, 7) / (Math.pow(chroma, 7) + TO_25)); }

    private static double hue(double a, double b) { return a == 0 && b == 0 ? 0 : (Math.toDegrees(Math.atan2(b, a)) + 360) % 360; }

    private static double cos(double degrees) { return Math.cos(Math.toRadians(degrees)); }
}
