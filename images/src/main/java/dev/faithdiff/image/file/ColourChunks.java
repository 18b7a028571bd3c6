package dev.faithdiff.image.file;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The chunks, without an ICC profile, in which a PNG says what colours its samples mean (PNG 3rd edition, 11.3.2), by their types: cICP goes
 * before a profile, sRGB after it, and gAMA with cHRM comes last. They go from PNG to PNG byte for byte.
 */
public record ColourChunks(Map<String, byte[]> chunks) {
    static final List<String> TYPES = List.of("cICP", "mDCV", "cLLI", "sRGB", "gAMA", "cHRM");
    /** Of sRGB, as fractions of 100000: gAMA, and white, red, green and blue's x and y. */
    private static final int SRGB_GAMMA = 45455, NEAR = 500;
    private static final double[] SRGB = {0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06};
    /** White and primaries by cICP's numbers (ITU-T H.273, table 2). */
    private static final Map<Integer, double[]> PRIMARIES = Map.of(1, SRGB, 5, new double[] {0.3127, 0.329, 0.64, 0.33, 0.29, 0.6, 0.15, 0.06},
            6, new double[] {0.3127, 0.329, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07},
            9, new double[] {0.3127, 0.329, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046},
            11, new double[] {0.314, 0.351, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06},
            12, new double[] {0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06});

    /** Whether they say more than that the samples are sRGB, which they are without them. @param profile the file's own, null without one */
    boolean matter(byte[] profile) {
        byte[] code = chunks.get("cICP");
        if (code != null) return !(code.length == 4 && code[0] == 1 && code[1] == 13 && profile == null);
        return profile == null && !chunks.containsKey("sRGB") && (gamma() > 0 && Math.abs(gamma() - SRGB_GAMMA) > NEAR || !isSrgb(primaries()));
    }

    /** An ICC profile that says the same; null where there is none, as for HDR. */
    byte[] profile() {
        byte[] code = chunks.get("cICP");
        if (code == null) return ColourProfile.of(primaries(), v -> Math.pow(v, 100000.0 / (gamma() > 0 ? gamma() : SRGB_GAMMA)));
        double[] primaries = code.length == 4 && code[2] == 0 && code[3] == 1 ? PRIMARIES.get((int) code[0]) : null;
        if (primaries == null) return null;
        return switch (code[1]) {
            case 1, 6, 14, 15 -> ColourProfile.of(primaries, v -> v < 0.081 ? v / 4.5 : Math.pow((v + 0.099) / 1.099, 1 / 0.45));
            case 4 -> ColourProfile.of(primaries, v -> Math.pow(v, 2.2));
            case 5 -> ColourProfile.of(primaries, v -> Math.pow(v, 2.8));
            case 8 -> ColourProfile.of(primaries, v -> v);
            case 13 -> ColourProfile.of(primaries, v -> v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4));
            default -> null;
        };
    }

    private int gamma() { return chunks.get("gAMA") instanceof byte[] g && g.length == 4 ? ByteBuffer.wrap(g).getInt() : 0; }

    private double[] primaries() {
        if (!(chunks.get("cHRM") instanceof byte[] c) || c.length != 32) return SRGB;
        double[] xy = new double[8];
        for (int i = 0; i < 8; i++) xy[i] = ByteBuffer.wrap(c).getInt(4 * i) / 1e5;
        return xy;
    }

    private static boolean isSrgb(double[] xy) {
        for (int i = 0; i < 8; i++) if (Math.abs(xy[i] - SRGB[i]) > 0.002) return false;
        return true;
    }

    @Override public boolean equals(Object o) {
        return o instanceof ColourChunks c && c.chunks.keySet().equals(chunks.keySet())
                && chunks.keySet().stream().allMatch(type -> Arrays.equals(chunks.get(type), c.chunks.get(type)));
    }

    @Override public int hashCode() { return chunks.keySet().hashCode(); }
}
