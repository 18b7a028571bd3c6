package dev.faithdiff.image.file;

import dev.faithdiff.image.file.FileChunks.Chunk;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A WebP file with metadata: the encoder's one picture chunk in the extended layout of the WebP container specification. */
final class WebpContainer {
    private static final int HEADER = 12;
    private static final int FLAGS_AT = 20;
    private static final int PROFILE_AT = 30;
    private static final int PROFILE = 0x20;
    private static final int OPACITY = 0x10;
    private static final int EXIF = 0x08;
    private static final int XMP = 0x04;
    /** Bytes of a frame before its picture. */
    private static final int FRAME = 16;

    private WebpContainer() {}

    /** The file itself where there is nothing to add. */
    static byte[] with(byte[] file, Metadata m, int width, int height, boolean opacity) {
        byte[] exif = Exif.of(m, width, height), xmp = m.xmp() == null ? null : Xmp.ofResult(m.xmp(), width, height);
        if (exif == null && xmp == null && m.profile() == null) return file;
        int flags = (m.profile() == null ? 0 : PROFILE) | (opacity ? OPACITY : 0) | (exif == null ? 0 : EXIF) | (xmp == null ? 0 : XMP);
        byte[] extended = little(10).putInt(flags).put(three(width - 1)).put(three(height - 1)).array();
        var chunks = new ByteArrayOutputStream();
        chunks.writeBytes("WEBP".getBytes(StandardCharsets.US_ASCII));
        chunk(chunks, "VP8X", extended);
        chunk(chunks, "ICCP", m.profile());
        chunks.write(file, HEADER, file.length - HEADER);
        chunk(chunks, "EXIF", exif);
        chunk(chunks, "XMP ", xmp);
        byte[] body = chunks.toByteArray();
        return little(8 + body.length).put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(body.length).put(body).array();
    }

    /** The lossless picture of a file, or of its first frame, even if it is cut short; null where it is a lossy one. */
    static Chunk lossless(byte[] file) {
        Chunk c = first(file, HEADER, "ANMF", "VP8L", "VP8 ");
        if (c != null && c.type().equals("ANMF")) c = first(file, c.from() + FRAME, "VP8L", "VP8 ");
        return c != null && c.type().equals("VP8L") ? c : null;
    }

    /** A file's picture, which of an animation lies somewhere on its canvas. @throws IOException if the canvas is too large */
    static BufferedImage onCanvas(BufferedImage picture, byte[] file) throws IOException {
        Chunk frame = first(file, HEADER, "ANMF");
        if (frame == null || !new String(file, HEADER, 4, StandardCharsets.US_ASCII).equals("VP8X")) return picture;
        int width = 1 + three(file, FLAGS_AT + 4), height = 1 + three(file, FLAGS_AT + 7);
        if (picture.getWidth() == width && picture.getHeight() == height) return picture;
        if ((long) width * height > PictureDecoder.MAX_PIXELS) throw new IOException("its canvas is " + width + "x" + height);
        var canvas = new BufferedImage(width, height, BufferedImage.TYPE_INT_ARGB);
        int left = 2 * three(file, frame.from()), top = 2 * three(file, frame.from() + 3);
        for (int y = 0; y < Math.min(picture.getHeight(), height - top); y++) {
            for (int x = 0; x < Math.min(picture.getWidth(), width - left); x++) canvas.setRGB(left + x, top + y, picture.getRGB(x, y));
        }
        return canvas;
    }

    /** The first chunk of one of some types, up to the file's end where it is cut short; null where there is none. */
    private static Chunk first(byte[] file, int from, String... types) {
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        for (long at = from; file.length - at >= 8; ) {
            String type = new String(file, (int) at, 4, StandardCharsets.ISO_8859_1);
            long end = at + 8 + (in.getInt((int) at + 4) & 0xffffffffL);
            if (Arrays.asList(types).contains(type)) return new Chunk(type, (int) at + 8, (int) Math.min(end, file.length));
            at = end + (end & 1);
        }
        return null;
    }

    private static int three(byte[] file, int at) { return file[at] & 0xff | (file[at + 1] & 0xff) << 8 | (file[at + 2] & 0xff) << 16; }

    /** The file with its profile hidden from decoders, which convert samples to sRGB where they see one. */
    static byte[] withoutProfile(byte[] file) {
        String extended = file.length < PROFILE_AT + 4 ? "" : new String(file, HEADER, 4, StandardCharsets.US_ASCII);
        if (!extended.equals("VP8X") || (file[FLAGS_AT] & PROFILE) == 0) return file;
        byte[] plain = file.clone();
        plain[FLAGS_AT] &= ~PROFILE;
        if (new String(file, PROFILE_AT, 4, StandardCharsets.US_ASCII).equals("ICCP")) plain[PROFILE_AT] = '-';
        return plain;
    }

    private static void chunk(ByteArrayOutputStream to, String name, byte[] data) {
        if (data == null) return;
        to.writeBytes(little(8).put(name.getBytes(StandardCharsets.US_ASCII)).putInt(data.length).array());
        to.writeBytes(data);
        if (data.length % 2 == 1) to.write(0);
    }

    private static byte[] three(int v) { return new byte[] {(byte) v, (byte) (v >> 8), (byte) (v >> 16)}; }

    private static ByteBuffer little(int bytes) { return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN); }
}
