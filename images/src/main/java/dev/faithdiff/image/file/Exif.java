package dev.faithdiff.image.file;

import static dev.faithdiff.image.file.TiffDirectory.BYTE;
import static dev.faithdiff.image.file.TiffDirectory.LONG;
import static dev.faithdiff.image.file.TiffDirectory.RATIONAL;
import static dev.faithdiff.image.file.TiffDirectory.SHORT;
import static dev.faithdiff.image.file.TiffDirectory.UNDEFINED;

import dev.faithdiff.image.file.Metadata.Resolution;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;

/** EXIF metadata: a TIFF structure of tags (EXIF 2.32, JEITA CP-3451). Values are kept byte for byte. Tags are called by their published names. */
final class Exif {
    private static final int IMAGE_WIDTH = 256;
    private static final int IMAGE_HEIGHT = 257;
    private static final int ORIENTATION = 274;
    private static final int X_RESOLUTION = 282;
    private static final int Y_RESOLUTION = 283;
    private static final int RESOLUTION_UNIT = 296;
    private static final int XMP = 700;
    private static final int IPTC = 33723;
    private static final int PROFILE = 34675;
    private static final int EXIF_DIRECTORY = 34665;
    private static final int USER_COMMENT = 37510;
    private static final int PIXEL_WIDTH = 40962;
    private static final int PIXEL_HEIGHT = 40963;
    /** A comment begins with the name of its characters. */
    private static final int CHARSET_BYTES = 8;
    /** Description, make, model, orientation, resolution, program, date, artist, host, copyright, rating, IPTC, EXIF, GPS, Windows' five. */
    private static final Set<Integer> OF_A_PHOTO = Set.of(269, 270, 271, 272, ORIENTATION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT, 305, 306, 315,
            316, 33432, 18246, 18249, IPTC, EXIF_DIRECTORY, 34853, 40091, 40092, 40093, 40094, 40095);

    /** Where pixels and other pictures lie, which is another place in the written file. */
    private static final Set<Integer> PLACES = Set.of(273, 279, 288, 289, 324, 325, 330, 513, 514);
    /** What else says how pixels are stored; a TIFF has its own. */
    private static final Set<Integer> OF_PIXELS = Set.of(254, 255, IMAGE_WIDTH, IMAGE_HEIGHT, 258, 259, 262, 263, 264, 265, 266, 277, 278, 280, 281,
            284, 290, 291, 292, 293, 297, 301, 317, 318, 319, 320, 321, 322, 323, 338, 339, 340, 341, 347, 529, 530, 531, 532);

    private Exif() {}

    /** The metadata of a TIFF file's picture, without the tags that describe pixels: what its directory lacks the first one may say. */
    static Metadata ofTiff(byte[] file, long directory) {
        TiffDirectory first = TiffDirectory.first(file), own = TiffDirectory.at(directory, file), photo = new TiffDirectory(own.order);
        double inch = own.number(RESOLUTION_UNIT, 2) == 3 ? 2.54 : 1;
        Resolution resolution = own.number(RESOLUTION_UNIT, 2) == 1 ? null
                : Resolution.of(own.rational(X_RESOLUTION) * inch, own.rational(Y_RESOLUTION) * inch);
        byte[] xmp = own.bytes(XMP) == null ? first.bytes(XMP) : own.bytes(XMP);
        for (TiffDirectory d : new TiffDirectory[] {own, first}) {
            d.tags.forEach((tag, v) -> { if (OF_A_PHOTO.contains(tag)) photo.tags.putIfAbsent(tag, v); });
            d.inner.forEach((tag, v) -> { if (OF_A_PHOTO.contains(tag)) photo.inner.putIfAbsent(tag, v); });
        }
        boolean none = photo.tags.isEmpty() && photo.inner.isEmpty();
        return new Metadata(none ? null : photo.written(), xmp, own.bytes(PROFILE), resolution, null);
    }

    /** 1 to 8: how a camera says that its rows and columns are to be turned; 0 where the EXIF says nothing or nothing valid. */
    static int orientation(byte[] exif) {
        long value = exif == null ? 0 : TiffDirectory.first(exif).number(ORIENTATION, 0);
        return value < 1 || value > 8 ? 0 : (int) value;
    }

    /** The IPTC block in its tag, null where there is none. */
    static byte[] iptc(byte[] exif) {
        byte[] block = exif == null ? null : TiffDirectory.first(exif).bytes(IPTC);
        return Iptc.is(block) ? block : null;
    }

    /** With another IPTC block, or none where it is null. */
    static byte[] withIptc(byte[] exif, byte[] block) {
        TiffDirectory d = exif == null ? new TiffDirectory(ByteOrder.BIG_ENDIAN) : TiffDirectory.first(exif);
        d.tags.remove(IPTC);
        if (block != null) d.put(IPTC, UNDEFINED, block);
        return d.written();
    }

    /**
     * The EXIF of a written photo of the given size: upright, with the settings in its comment, without the old thumbnail; null where
     * there is nothing to say. Maker notes are kept as bytes: those that count offsets from the start of the EXIF lose them.
     */
    static byte[] of(Metadata m, int width, int height) {
        TiffDirectory d = adapted(m, width, height);
        return d.tags.isEmpty() && d.inner.isEmpty() ? null : d.written();
    }

    /** All tags of a big-endian TIFF file that are not about its pixels. */
    static TiffDirectory tiffTags(Metadata m, int width, int height) {
        TiffDirectory tags = adapted(m, width, height).in(ByteOrder.BIG_ENDIAN);
        tags.tags.keySet().removeAll(OF_PIXELS);
        if (m.resolution() != null) {
            tags.put(X_RESOLUTION, RATIONAL, Math.round(m.resolution().x() * 1000), 1000);
            tags.put(Y_RESOLUTION, RATIONAL, Math.round(m.resolution().y() * 1000), 1000);
            tags.put(RESOLUTION_UNIT, SHORT, 2);
        }
        if (m.xmp() != null) tags.put(XMP, BYTE, Xmp.ofResult(m.xmp(), width, height));
        if (m.profile() != null) tags.put(PROFILE, UNDEFINED, m.profile());
        return tags;
    }

    private static TiffDirectory adapted(Metadata m, int width, int height) {
        TiffDirectory d = m.exif() == null ? new TiffDirectory(ByteOrder.BIG_ENDIAN) : TiffDirectory.first(m.exif());
        d.tags.keySet().removeAll(PLACES);
        if (d.has(ORIENTATION)) d.put(ORIENTATION, SHORT, 1);
        if (d.has(IMAGE_WIDTH)) d.put(IMAGE_WIDTH, LONG, width);
        if (d.has(IMAGE_HEIGHT)) d.put(IMAGE_HEIGHT, LONG, height);
        TiffDirectory inner = d.inner.getOrDefault(EXIF_DIRECTORY, new TiffDirectory(d.order));
        if (inner.has(PIXEL_WIDTH)) inner.put(PIXEL_WIDTH, LONG, width);
        if (inner.has(PIXEL_HEIGHT)) inner.put(PIXEL_HEIGHT, LONG, height);
        if (m.settings() != null) inner.put(USER_COMMENT, UNDEFINED, comment(inner.bytes(USER_COMMENT), m.settings(), d.order));
        if (!inner.tags.isEmpty()) d.inner.put(EXIF_DIRECTORY, inner);
        return d;
    }

    /** The settings, after what someone has written there; cameras fill the comment with zeros or blanks. */
    private static byte[] comment(byte[] before, String settings, ByteOrder order) {
        byte[] old = before == null ? new byte[0] : before;
        int end = old.length;
        while (end > 0 && (old[end - 1] == 0 || old[end - 1] == ' ')) end--;
        if (end <= CHARSET_BYTES) return ("ASCII\0\0\0" + settings).getBytes(StandardCharsets.UTF_8);
        boolean wide = new String(old, 0, CHARSET_BYTES, StandardCharsets.ISO_8859_1).startsWith("UNICODE");
        Charset charset = !wide ? StandardCharsets.UTF_8 : order == ByteOrder.BIG_ENDIAN ? StandardCharsets.UTF_16BE : StandardCharsets.UTF_16LE;
        byte[] added = ("\n" + settings).getBytes(charset);
        if (wide) end += end % 2;
        byte[] both = Arrays.copyOf(old, end + added.length);
        System.arraycopy(added, 0, both, end, added.length);
        return both;
    }
}
