package dev.faithdiff.image.file;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** A WebP file with metadata: the encoder's one picture chunk in the extended layout of the WebP container specification. */
final class WebpContainer {
    private static final int HEADER = 12;
    private static final int FLAGS_AT = 20;
    private static final int PROFILE_AT = 30;
    private static final int PROFILE = 0x20;
    private static final int OPACITY = 0x10;
    private static final int EXIF = 0x08;
    private static final int XMP = 0x04;

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
