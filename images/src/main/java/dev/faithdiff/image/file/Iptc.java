package dev.faithdiff.image.file;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/** IPTC's caption, names and keywords (IIM 4): in JPEG one of Photoshop's resources, elsewhere a tag of the EXIF, as in TIFF. */
final class Iptc {
    static final String MARK = "Photoshop 3.0\0";
    private static final int RESOURCE = 0x3842494d, NUMBER = 0x0404, FIRST_BYTE = 0x1c;

    private Iptc() {}

    /** The block among resources of type, number, name and data, the last two of even length; null where there is none. */
    static byte[] among(byte[] resources) {
        ByteBuffer in = ByteBuffer.wrap(resources);
        try {
            while (in.remaining() >= 12 && in.getInt() == RESOURCE) {
                int number = in.getShort(), name = in.get() & 0xff;
                in.position(in.position() + name + 1 - name % 2);
                byte[] data = new byte[Math.clamp(in.getInt(), 0, in.remaining())];
                in.get(data);
                if (number == NUMBER) return is(data) ? data : null;
                if (data.length % 2 == 1) in.get();
            }
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            // Damaged metadata is none.
        }
        return null;
    }

    static boolean is(byte[] block) { return block != null && block.length > 0 && block[0] == FIRST_BYTE; }

    /** The block as Photoshop's only resource. */
    static byte[] resource(byte[] block) {
        ByteBuffer resource = ByteBuffer.allocate(12 + block.length + block.length % 2);
        return resource.putInt(RESOURCE).putShort((short) NUMBER).putShort((short) 0).putInt(block.length).put(block).array();
    }
}
