package dev.faithdiff.image.file;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.DoubleUnaryOperator;

/** ICC profiles of RGB by three primaries and one curve (ICC.1:2001-04, "three-component matrix-based"). */
final class ColourProfile {
    private static final double[] D50 = {0.9642, 1, 0.8249};
    private static final double[][] BRADFORD = {{0.8951, 0.2664, -0.1614}, {-0.7502, 1.7135, 0.0367}, {0.0389, -0.0685, 1.0296}};
    private static final int CURVE_POINTS = 1024, TAGS = 9, HEADER = 128;

    private ColourProfile() {}

    /**
     * @param xy    the chromaticities of white, red, green and blue
     * @param curve from a sample to light, both 0..1
     * @return null where the chromaticities make no colour space
     */
    static byte[] of(double[] xy, DoubleUnaryOperator curve) {
        double[][] colorants = adapted(xy);
        if (colorants == null) return null;
        byte[] words = "Made of a PNG's colour chunks\0".getBytes(StandardCharsets.US_ASCII);
        byte[][] data = {description(words), text(words), xyz(D50), xyz(column(colorants, 0)), xyz(column(colorants, 1)), xyz(column(colorants, 2)),
            curve(curve)};
        int size = HEADER + 4 + 12 * TAGS;
        int[] places = new int[data.length];
        for (int i = 0; i < data.length; i++) {
            places[i] = size;
            size += (data[i].length + 3) / 4 * 4;
        }
        ByteBuffer out = ByteBuffer.allocate(size).putInt(size).putInt(0).putInt(0x02400000).put(ascii("mntrRGB XYZ "));
        out.putShort((short) 2026).putShort((short) 1).putShort((short) 1);
        out.position(36).put(ascii("acsp")).position(68).put(fixed(D50)).position(HEADER);
        out.putInt(TAGS);
        String[] names = {"desc", "cprt", "wtpt", "rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC"};
        for (int i = 0; i < TAGS; i++) {
            int k = Math.min(i, data.length - 1);
            out.put(ascii(names[i])).putInt(places[k]).putInt(data[k].length);
        }
        for (int i = 0; i < data.length; i++) out.position(places[i]).put(data[i]);
        return out.array();
    }

    /** The primaries' XYZ at full light, for a white of D50. */
    private static double[][] adapted(double[] xy) {
        double[][] primaries = new double[3][3];
        for (int c = 0; c < 3; c++) {
            double[] one = light(xy[2 + 2 * c], xy[3 + 2 * c]);
            for (int i = 0; i < 3; i++) primaries[i][c] = one[i];
        }
        double[] white = light(xy[0], xy[1]), shares = times(inverse(primaries), white), from = times(BRADFORD, white), to = times(BRADFORD, D50);
        double[][] colorants = new double[3][3];
        for (int c = 0; c < 3; c++) {
            double[] cone = times(BRADFORD, column(primaries, c));
            for (int i = 0; i < 3; i++) cone[i] *= shares[c] * to[i] / from[i];
            double[] back = times(inverse(BRADFORD), cone);
            for (int i = 0; i < 3; i++) {
                if (!(Math.abs(back[i]) < 8)) return null;
                colorants[i][c] = back[i];
            }
        }
        return colorants;
    }

    private static double[] light(double x, double y) { return new double[] {x / y, 1, (1 - x - y) / y}; }

    private static double[] column(double[][] m, int c) { return new double[] {m[0][c], m[1][c], m[2][c]}; }

    private static double[] times(double[][] m, double[] v) {
        double[] out = new double[3];
        for (int i = 0; i < 3; i++) for (int k = 0; k < 3; k++) out[i] += m[i][k] * v[k];
        return out;
    }

    private static double[][] inverse(double[][] m) {
        double[][] out = new double[3][3];
        double determinant = 0;
        for (int i = 0; i < 3; i++) for (int k = 0; k < 3; k++) {
            int a = (k + 1) % 3, b = (k + 2) % 3, c = (i + 1) % 3, d = (i + 2) % 3;
            out[i][k] = m[a][c] * m[b][d] - m[a][d] * m[b][c];
            if (i == 0) determinant += m[k][0] * out[0][k];
        }
        for (double[] row : out) for (int k = 0; k < 3; k++) row[k] /= determinant;
        return out;
    }

    private static byte[] xyz(double[] v) { return ByteBuffer.allocate(20).put(ascii("XYZ ")).putInt(0).put(fixed(v)).array(); }

    private static byte[] fixed(double[] v) {
        ByteBuffer b = ByteBuffer.allocate(12);
        for (double x : v) b.putInt((int) Math.round(x * 65536));
        return b.array();
    }

    private static byte[] curve(DoubleUnaryOperator curve) {
        ByteBuffer b = ByteBuffer.allocate(12 + 2 * CURVE_POINTS).put(ascii("curv")).putInt(0).putInt(CURVE_POINTS);
        for (int i = 0; i < CURVE_POINTS; i++) {
            b.putShort((short) Math.round(65535 * Math.clamp(curve.applyAsDouble(i / (CURVE_POINTS - 1.0)), 0, 1)));
        }
        return b.array();
    }

    private static byte[] text(byte[] words) { return ByteBuffer.allocate(8 + words.length).put(ascii("text")).putInt(0).put(words).array(); }

    /** ASCII, then no Unicode and no Macintosh text. */
    private static byte[] description(byte[] words) {
        return ByteBuffer.allocate(90 + words.length).put(ascii("desc")).putInt(0).putInt(words.length).put(words).array();
    }

    private static byte[] ascii(String s) { return s.getBytes(StandardCharsets.US_ASCII); }
}
