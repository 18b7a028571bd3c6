package dev.faithdiff.image.file;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;

/**
 * What a photo's file says beside its pixels, in one form for all formats; null where it says nothing.
 *
 * @param exif       a TIFF structure without pictures, as in a JPEG's EXIF segment after its mark; a JPEG's IPTC is a tag of it
 * @param xmp        an XMP packet, UTF-8
 * @param profile    the ICC profile that the samples are meant in
 * @param colours    what a PNG says about them in other ways
 * @param resolution pixels for each inch
 * @param settings   how the photo was made, to be written as a PNG text or EXIF comment; not read back
 */
public record Metadata(byte[] exif, byte[] xmp, byte[] profile, ColourChunks colours, Resolution resolution, String settings) {
    public static final Metadata NONE = new Metadata(null, null, null, null, null);

    /** Pixels for each inch. */
    public record Resolution(double x, double y) {
        private static final double INCH_IN_METRES = 0.0254;

        /** Null for what is no resolution. */
        static Resolution of(double x, double y) { return x > 0 && y > 0 && x < 1e6 && y < 1e6 ? new Resolution(x, y) : null; }

        static Resolution ofMetres(double x, double y) { return of(x * INCH_IN_METRES, y * INCH_IN_METRES); }

        int xPerMetre() { return (int) Math.round(x / INCH_IN_METRES); }

        int yPerMetre() { return (int) Math.round(y / INCH_IN_METRES); }
    }

    public Metadata(byte[] exif, byte[] xmp, byte[] profile, Resolution resolution, String settings) {
        this(exif, xmp, profile, null, resolution, settings);
    }

    /** Only what tells colours, without which the samples would mean other ones. */
    public Metadata profileOnly() { return new Metadata(null, null, profile, colours, null, null); }

    public Metadata withSettings(String text) { return new Metadata(exif, xmp, profile, colours, resolution, text); }

    Metadata withExif(byte[] other) { return new Metadata(other, xmp, profile, colours, resolution, settings); }

    /** With another profile, or none, in place of all that tells colours. */
    Metadata withProfile(byte[] other) { return new Metadata(exif, xmp, other, null, resolution, settings); }

    Metadata withoutProfile() { return new Metadata(exif, xmp, null, colours, resolution, settings); }

    /** Whether the profile is one of grey samples; it is at most for those or for RGB. */
    boolean hasGreyProfile() { return "GRAY".equals(space(profile)); }

    /** The colour space that a profile's header names, "RGB " or "GRAY" (ICC.1, 7.2.6); null without a profile. */
    static String space(byte[] profile) {
        return profile == null || profile.length < 128 ? null : new String(profile, 16, 4, StandardCharsets.ISO_8859_1);
    }

    @Override public boolean equals(Object o) {
        return o instanceof Metadata m && Arrays.equals(m.exif, exif) && Arrays.equals(m.xmp, xmp) && Arrays.equals(m.profile, profile)
                && Objects.equals(m.colours, colours) && Objects.equals(m.resolution, resolution) && Objects.equals(m.settings, settings);
    }

    @Override public int hashCode() { return Arrays.hashCode(exif) + 31 * Arrays.hashCode(xmp) + Arrays.hashCode(profile); }
}
