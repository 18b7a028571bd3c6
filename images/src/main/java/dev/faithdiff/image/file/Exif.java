package dev.faithdiff.image.file;

import com.twelvemonkeys.imageio.metadata.CompoundDirectory;
import com.twelvemonkeys.imageio.metadata.Directory;
import com.twelvemonkeys.imageio.metadata.Entry;
import com.twelvemonkeys.imageio.metadata.tiff.IFD;
import com.twelvemonkeys.imageio.metadata.tiff.Rational;
import com.twelvemonkeys.imageio.metadata.tiff.TIFFEntry;
import com.twelvemonkeys.imageio.metadata.tiff.TIFFReader;
import com.twelvemonkeys.imageio.metadata.tiff.TIFFWriter;
import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.Metadata.Resolution;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** EXIF metadata: a TIFF structure of tags (EXIF 2.32, JEITA CP-3451). Tags are called by their published names. */
final class Exif {
    private static final int IMAGE_WIDTH = 256;
    private static final int IMAGE_HEIGHT = 257;
    private static final int ORIENTATION = 274;
    private static final int X_RESOLUTION = 282;
    private static final int Y_RESOLUTION = 283;
    private static final int RESOLUTION_UNIT = 296;
    private static final int XMP = 700;
    private static final int PROFILE = 34675;
    private static final int EXIF_DIRECTORY = 34665;
    private static final int USER_COMMENT = 37510;
    private static final int PIXEL_WIDTH = 40962;
    private static final int PIXEL_HEIGHT = 40963;
    /** A comment begins with the name of its characters. */
    private static final int CHARSET_BYTES = 8;
    private static final short SHORT = 3, LONG = 4, UNDEFINED = 7, BYTE = 1;
    /** Description, make, model, orientation, resolution, program, date, artist, host, copyright, rating, IPTC, EXIF, GPS, Windows' five. */
    private static final Set<Integer> OF_A_PHOTO = Set.of(269, 270, 271, 272, ORIENTATION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT, 305, 306, 315,
            316, 33432, 18246, 18249, 33723, EXIF_DIRECTORY, 34853, 40091, 40092, 40093, 40094, 40095);

    private Exif() {}

    /** The metadata in a TIFF file's first directory, without the tags that describe its pixels. */
    static Metadata ofTiff(byte[] file) throws IOException {
        Map<Integer, Entry> tags = tags(first(file));
        byte[] xmp = tags.get(XMP) instanceof Entry e && e.getValue() instanceof byte[] b ? b : null;
        byte[] profile = tags.get(PROFILE) instanceof Entry e && e.getValue() instanceof byte[] b ? b : null;
        Resolution resolution = null;
        if (number(tags, X_RESOLUTION) instanceof Number x && number(tags, Y_RESOLUTION) instanceof Number y) {
            int unit = number(tags, RESOLUTION_UNIT) instanceof Number n ? n.intValue() : 2;
            double inch = unit == 3 ? 2.54 : 1;
            if (unit != 1) resolution = Resolution.of(x.doubleValue() * inch, y.doubleValue() * inch);
        }
        tags.keySet().retainAll(OF_A_PHOTO);
        return new Metadata(written(tags, order(file)), xmp, profile, resolution, null);
    }

    /**
     * The EXIF of a written photo of the given size: upright, with the settings in its comment, without the old thumbnail; null where
     * there is nothing to say. Maker notes are kept as bytes: those that count offsets from the start of the EXIF lose them.
     */
    static byte[] of(Metadata m, int width, int height) {
        if (m.exif() == null && m.settings() == null) return null;
        try {
            return written(adapted(m, width, height), m.exif() == null ? ByteOrder.BIG_ENDIAN : order(m.exif()));
        } catch (IOException | RuntimeException e) {
            return m.exif() == null ? null : of(new Metadata(null, m.xmp(), m.profile(), m.resolution(), m.settings()), width, height);
        }
    }

    /** All tags of a TIFF file that are not about its pixels. */
    static List<Entry> tiffTags(Metadata m, int width, int height) {
        Map<Integer, Entry> tags = new TreeMap<>();
        byte[] exif = of(m, width, height);
        try {
            if (exif != null) tags = tags(first(exif));
        } catch (IOException | RuntimeException e) {
            throw new ImageError("cannot read the EXIF metadata back: " + e.getMessage(), e);
        }
        tags.keySet().removeAll(Set.of(IMAGE_WIDTH, IMAGE_HEIGHT));
        if (m.resolution() != null) {
            put(tags, new TIFFEntry(X_RESOLUTION, rational(m.resolution().x())));
            put(tags, new TIFFEntry(Y_RESOLUTION, rational(m.resolution().y())));
            put(tags, new TIFFEntry(RESOLUTION_UNIT, SHORT, 2));
        }
        if (m.xmp() != null) put(tags, new TIFFEntry(XMP, BYTE, Xmp.upright(m.xmp())));
        if (m.profile() != null) put(tags, new TIFFEntry(PROFILE, UNDEFINED, m.profile()));
        return new ArrayList<>(tags.values());
    }

    private static Map<Integer, Entry> adapted(Metadata m, int width, int height) throws IOException {
        Map<Integer, Entry> tags = m.exif() == null ? new TreeMap<>() : tags(first(m.exif()));
        if (tags.containsKey(ORIENTATION)) put(tags, new TIFFEntry(ORIENTATION, SHORT, 1));
        if (tags.containsKey(IMAGE_WIDTH)) put(tags, new TIFFEntry(IMAGE_WIDTH, LONG, (long) width));
        if (tags.containsKey(IMAGE_HEIGHT)) put(tags, new TIFFEntry(IMAGE_HEIGHT, LONG, (long) height));
        Map<Integer, Entry> inner = tags.get(EXIF_DIRECTORY) instanceof Entry e && e.getValue() instanceof Directory d ? tags(d) : new TreeMap<>();
        if (inner.containsKey(PIXEL_WIDTH)) put(inner, new TIFFEntry(PIXEL_WIDTH, LONG, (long) width));
        if (inner.containsKey(PIXEL_HEIGHT)) put(inner, new TIFFEntry(PIXEL_HEIGHT, LONG, (long) height));
        if (m.settings() != null) put(inner, new TIFFEntry(USER_COMMENT, UNDEFINED, comment(inner.get(USER_COMMENT), m)));
        if (!inner.isEmpty()) put(tags, new TIFFEntry(EXIF_DIRECTORY, LONG, new IFD(inner.values())));
        return tags;
    }

    /** The settings, after what someone has written there; cameras fill the comment with zeros or blanks. */
    private static byte[] comment(Entry before, Metadata m) {
        byte[] old = before != null && before.getValue() instanceof byte[] b ? b : new byte[0];
        int end = old.length;
        while (end > 0 && (old[end - 1] == 0 || old[end - 1] == ' ')) end--;
        if (end <= CHARSET_BYTES) return ("ASCII\0\0\0" + m.settings()).getBytes(StandardCharsets.UTF_8);
        boolean wide = new String(old, 0, CHARSET_BYTES, StandardCharsets.ISO_8859_1).startsWith("UNICODE");
        Charset charset = !wide ? StandardCharsets.UTF_8
                : order(m.exif()) == ByteOrder.BIG_ENDIAN ? StandardCharsets.UTF_16BE : StandardCharsets.UTF_16LE;
        byte[] added = ("\n" + m.settings()).getBytes(charset);
        if (wide) end += end % 2;
        byte[] both = Arrays.copyOf(old, end + added.length);
        System.arraycopy(added, 0, both, end, added.length);
        return both;
    }

    private static Directory first(byte[] tiff) throws IOException {
        Directory all = new TIFFReader().read(new ByteArrayImageInputStream(tiff));
        return all instanceof CompoundDirectory c ? c.getDirectory(0) : all;
    }

    private static Map<Integer, Entry> tags(Directory directory) {
        Map<Integer, Entry> tags = new TreeMap<>();
        for (Entry e : directory) put(tags, e);
        return tags;
    }

    private static void put(Map<Integer, Entry> tags, Entry e) { tags.put((Integer) e.getIdentifier(), e); }

    private static Number number(Map<Integer, Entry> tags, int tag) {
        return tags.get(tag) instanceof Entry e && e.getValue() instanceof Number n ? n : null;
    }

    private static Rational rational(double v) { return new Rational(Math.round(v * 1000), 1000); }

    private static ByteOrder order(byte[] tiff) { return tiff[0] == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN; }

    private static byte[] written(Map<Integer, Entry> tags, ByteOrder order) throws IOException {
        if (tags.isEmpty()) return null;
        var bytes = new ByteArrayOutputStream();
        try (var out = new MemoryCacheImageOutputStream(bytes)) {
            out.setByteOrder(order);
            new TIFFWriter().write(tags.values(), out);
        }
        return bytes.toByteArray();
    }
}
