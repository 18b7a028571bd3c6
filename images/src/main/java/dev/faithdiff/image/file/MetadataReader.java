package dev.faithdiff.image.file;

import dev.faithdiff.image.file.FileChunks.Chunk;
import dev.faithdiff.image.file.Metadata.Resolution;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.InflaterInputStream;

/** Finds the metadata in a file's bytes. Damaged metadata is none: it is no reason to refuse a photo. */
final class MetadataReader {
    static final String EXIF_MARK = "Exif\0\0";
    static final String XMP_MARK = "http://ns.adobe.com/xap/1.0/\0";
    static final String PROFILE_MARK = "ICC_PROFILE\0";
    static final String XMP_KEYWORD = "XML:com.adobe.xmp";
    private static final int MAX_PROFILE_BYTES = 64 << 20;

    private MetadataReader() {}

    /** @param picture the one that is taken */
    static Metadata read(byte[] file, ImageFormat format, Picture picture) {
        try {
            return switch (format) {
                case JPEG -> jpeg(file);
                case PNG -> png(file);
                case WEBP -> webp(file);
                case TIFF -> Exif.ofTiff(file, picture.directory());
                case GIF -> Metadata.NONE;
                case BMP -> bmp(ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN));
            };
        } catch (RuntimeException e) {
            return Metadata.NONE;
        }
    }

    private static Metadata jpeg(byte[] file) {
        byte[] exif = null, xmp = null;
        Resolution resolution = null;
        Map<Integer, byte[]> parts = new TreeMap<>();
        var resources = new ByteArrayOutputStream();
        for (Chunk c : FileChunks.ofJpeg(file)) {
            if (c.type().equals("ed") && c.after(Iptc.MARK, file) instanceof byte[] some) resources.writeBytes(some);
            byte[] part = c.type().equals("e2") ? c.after(PROFILE_MARK, file) : null;
            byte[] jfif = c.type().equals("e0") ? c.after("JFIF\0", file) : null;
            if (part != null && part.length > 2) parts.put(part[0] & 0xff, Arrays.copyOfRange(part, 2, part.length));
            if (jfif != null && jfif.length >= 7) resolution = resolution(ByteBuffer.wrap(jfif));
            if (!c.type().equals("e1")) continue;
            if (exif == null) exif = c.after(EXIF_MARK, file);
            if (xmp == null) xmp = c.after(XMP_MARK, file);
        }
        byte[] iptc = Iptc.among(resources.toByteArray());
        if (iptc != null) exif = Exif.withIptc(exif, iptc);
        var profile = new ByteArrayOutputStream();
        parts.values().forEach(profile::writeBytes);
        return new Metadata(exif, xmp, profile.size() == 0 ? null : profile.toByteArray(), resolution, null);
    }

    private static Resolution resolution(ByteBuffer jfif) {
        int x = jfif.getShort(3) & 0xffff, y = jfif.getShort(5) & 0xffff;
        return switch (jfif.get(2)) { case 1 -> Resolution.of(x, y); case 2 -> Resolution.of(x * 2.54, y * 2.54); default -> null; };
    }

    private static Metadata png(byte[] file) {
        Map<String, byte[]> chunks = new HashMap<>(), colours = new TreeMap<>();
        for (Chunk c : FileChunks.ofPng(file)) {
            if (c.type().equals("IDAT")) continue;
            if (!c.type().equals("iTXt") || c.after(XMP_KEYWORD + "\0", file) != null) chunks.putIfAbsent(c.type(), c.data(file));
            if (ColourChunks.TYPES.contains(c.type())) colours.putIfAbsent(c.type(), c.data(file));
        }
        Resolution resolution = null;
        if (chunks.get("pHYs") instanceof byte[] p && p.length == 9 && p[8] == 1) {
            resolution = Resolution.ofMetres(ByteBuffer.wrap(p).getInt(0), ByteBuffer.wrap(p).getInt(4));
        }
        byte[] exif = chunks.get("eXIf"), xmp = xmpText(chunks.get("iTXt"));
        return new Metadata(exif, xmp, profile(chunks.get("iCCP")), colours.isEmpty() ? null : new ColourChunks(colours), resolution, null);
    }

    /** The text of an iTXt chunk: keyword, whether it is compressed, how, language, translated keyword, text. */
    private static byte[] xmpText(byte[] chunk) {
        if (chunk == null) return null;
        int start = XMP_KEYWORD.length() + 3;
        for (int zeros = 0; zeros < 2; start++) {
            if (start >= chunk.length) return null;
            if (chunk[start] == 0) zeros++;
        }
        boolean deflated = chunk[XMP_KEYWORD.length() + 1] == 1;
        return deflated ? inflated(chunk, start) : Arrays.copyOfRange(chunk, start, chunk.length);
    }

    private static byte[] profile(byte[] chunk) {
        if (chunk == null) return null;
        int name = 0;
        while (name < chunk.length && chunk[name] != 0) name++;
        return name + 2 < chunk.length ? inflated(chunk, name + 2) : null;
    }

    /** Null where the data is damaged. */
    private static byte[] inflated(byte[] chunk, int from) {
        try (var in = new InflaterInputStream(new ByteArrayInputStream(chunk, from, chunk.length - from))) {
            return in.readNBytes(MAX_PROFILE_BYTES);
        } catch (IOException e) {
            return null;
        }
    }

    private static Metadata webp(byte[] file) {
        byte[] exif = null, xmp = null, profile = null;
        for (Chunk c : FileChunks.ofWebp(file)) {
            switch (c.type()) {
                case "EXIF" -> exif = c.after(EXIF_MARK, file) instanceof byte[] marked ? marked : c.data(file);
                case "XMP " -> xmp = c.data(file);
                case "ICCP" -> profile = c.data(file);
                default -> { }
            }
        }
        return new Metadata(exif, xmp, profile, null, null);
    }

    /** The header of OS/2 has 12 bytes and no resolution. */
    private static Metadata bmp(ByteBuffer file) {
        Resolution resolution = file.getInt(14) < 40 ? null : Resolution.ofMetres(file.getInt(38), file.getInt(42));
        return new Metadata(null, null, null, resolution, null);
    }
}
