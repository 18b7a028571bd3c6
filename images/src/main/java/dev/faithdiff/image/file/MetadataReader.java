package dev.faithdiff.image.file;

import com.drew.imaging.ImageProcessingException;
import com.drew.imaging.jpeg.JpegSegmentReader;
import com.drew.imaging.jpeg.JpegSegmentType;
import com.drew.imaging.png.PngChunk;
import com.drew.imaging.png.PngChunkReader;
import com.drew.imaging.riff.RiffHandler;
import com.drew.imaging.riff.RiffReader;
import com.drew.lang.SequentialByteArrayReader;
import dev.faithdiff.image.file.Metadata.Resolution;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
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

    static Metadata read(byte[] file, ImageFormat format) {
        try {
            return switch (format) {
                case JPEG -> jpeg(file);
                case PNG -> png(file);
                case WEBP -> webp(file);
                case TIFF -> Exif.ofTiff(file);
                case GIF -> Metadata.NONE;
                case BMP -> bmp(ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN));
            };
        } catch (ImageProcessingException | IOException | RuntimeException e) {
            return Metadata.NONE;
        }
    }

    private static Metadata jpeg(byte[] file) throws ImageProcessingException, IOException {
        var segments = JpegSegmentReader.readSegments(new SequentialByteArrayReader(file),
                List.of(JpegSegmentType.APP0, JpegSegmentType.APP1, JpegSegmentType.APP2));
        byte[] exif = null, xmp = null;
        for (byte[] s : segments.getSegments(JpegSegmentType.APP1)) {
            if (exif == null) exif = after(EXIF_MARK, s);
            if (xmp == null) xmp = after(XMP_MARK, s);
        }
        Map<Integer, byte[]> parts = new TreeMap<>();
        for (byte[] s : segments.getSegments(JpegSegmentType.APP2)) {
            byte[] part = after(PROFILE_MARK, s);
            if (part != null && part.length > 2) parts.put(part[0] & 0xff, Arrays.copyOfRange(part, 2, part.length));
        }
        var profile = new ByteArrayOutputStream();
        parts.values().forEach(profile::writeBytes);
        Resolution resolution = null;
        for (byte[] s : segments.getSegments(JpegSegmentType.APP0)) {
            byte[] jfif = after("JFIF\0", s);
            if (jfif == null || jfif.length < 7) continue;
            ByteBuffer b = ByteBuffer.wrap(jfif);
            int x = b.getShort(3) & 0xffff, y = b.getShort(5) & 0xffff;
            resolution = switch (b.get(2)) { case 1 -> Resolution.of(x, y); case 2 -> Resolution.of(x * 2.54, y * 2.54); default -> null; };
        }
        return new Metadata(exif, xmp, profile.size() == 0 ? null : profile.toByteArray(), resolution, null);
    }

    private static Metadata png(byte[] file) throws ImageProcessingException, IOException {
        Map<String, byte[]> chunks = new HashMap<>();
        for (PngChunk c : new PngChunkReader().extract(new SequentialByteArrayReader(file), null)) {
            String type = c.getType().getIdentifier();
            if (!type.equals("iTXt") || after(XMP_KEYWORD + "\0", c.getBytes()) != null) chunks.put(type, c.getBytes());
        }
        Resolution resolution = null;
        if (chunks.get("pHYs") instanceof byte[] p && p.length == 9 && p[8] == 1) {
            resolution = Resolution.ofMetres(ByteBuffer.wrap(p).getInt(0), ByteBuffer.wrap(p).getInt(4));
        }
        return new Metadata(chunks.get("eXIf"), xmpText(chunks.get("iTXt")), profile(chunks.get("iCCP")), resolution, null);
    }

    /** The text of an iTXt chunk: keyword, whether it is compressed, how, language, translated keyword, text. */
    private static byte[] xmpText(byte[] chunk) throws IOException {
        if (chunk == null) return null;
        int start = XMP_KEYWORD.length() + 3;
        for (int zeros = 0; zeros < 2; start++) if (chunk[start] == 0) zeros++;
        boolean deflated = chunk[XMP_KEYWORD.length() + 1] == 1;
        return deflated ? inflated(chunk, start) : Arrays.copyOfRange(chunk, start, chunk.length);
    }

    private static byte[] profile(byte[] chunk) throws IOException {
        if (chunk == null) return null;
        int name = 0;
        while (chunk[name] != 0) name++;
        return inflated(chunk, name + 2);
    }

    private static byte[] inflated(byte[] chunk, int from) throws IOException {
        try (var in = new InflaterInputStream(new ByteArrayInputStream(chunk, from, chunk.length - from))) {
            return in.readNBytes(MAX_PROFILE_BYTES);
        }
    }

    private static Metadata webp(byte[] file) throws ImageProcessingException, IOException {
        Map<String, byte[]> chunks = new HashMap<>();
        new RiffReader().processRiff(new SequentialByteArrayReader(file), new RiffHandler() {
            @Override public boolean shouldAcceptRiffIdentifier(String id) { return true; }

            @Override public boolean shouldAcceptChunk(String id) { return List.of("EXIF", "XMP ", "ICCP").contains(id); }

            @Override public boolean shouldAcceptList(String id) { return false; }

            @Override public void processChunk(String id, byte[] data) { chunks.put(id, data); }

            @Override public void addError(String message) {}
        });
        byte[] exif = chunks.get("EXIF"), marked = exif == null ? null : after(EXIF_MARK, exif);
        return new Metadata(marked == null ? exif : marked, chunks.get("XMP "), chunks.get("ICCP"), null, null);
    }

    private static Metadata bmp(ByteBuffer file) {
        return new Metadata(null, null, null, Resolution.ofMetres(file.getInt(38), file.getInt(42)), null);
    }

    /** What follows the mark, null where it is another. */
    private static byte[] after(String mark, byte[] bytes) {
        byte[] start = mark.getBytes(StandardCharsets.ISO_8859_1);
        boolean marked = bytes.length >= start.length && Arrays.equals(bytes, 0, start.length, start, 0, start.length);
        return marked ? Arrays.copyOfRange(bytes, start.length, bytes.length) : null;
    }
}
