package dev.faithdiff.image.file;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/**
 * Walks a file's structure from start to end mark, because decoders return half an image for a file that was cut short.
 * TIFF needs no walk: its decoder fails on strips outside the file.
 */
final class WholeFile {
    static final String CUT_SHORT = "the file is cut short";

    private WholeFile() {}

    /** Null for a whole file, else what is wrong with it in words. */
    static String defect(byte[] file, ImageFormat format) {
        return switch (format) {
            case PNG -> png(ByteBuffer.wrap(file));
            case JPEG -> jpeg(file);
            case WEBP -> webp(ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN));
            case BMP -> bmp(ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN));
            case TIFF, GIF -> null;
        };
    }

    /** FileChunks of length, type, data and checksum, up to IEND; optional (lower case) chunks may be damaged. */
    private static String png(ByteBuffer file) {
        for (int at = 8; ; ) {
            if (file.capacity() - at < 12) return CUT_SHORT;
            long length = file.getInt(at) & 0xffffffffL;
            if (length > file.capacity() - at - 12) return CUT_SHORT;
            int end = at + 8 + (int) length;
            String type = new String(file.array(), at + 4, 4, StandardCharsets.ISO_8859_1);
            if (Character.isUpperCase(type.charAt(0))) {
                CRC32 crc = new CRC32();
                crc.update(file.array(), at + 4, end - at - 4);
                if ((int) crc.getValue() != file.getInt(end)) return "the checksum of its " + type + " part is wrong";
            }
            if (type.equals("IEND")) return null;
            at = end + 4;
        }
    }

    /** Segments of marker and length, each scan followed by its coded data, up to the end-of-image marker. */
    private static String jpeg(byte[] file) {
        boolean coded = false;
        for (int at = 2; at + 1 < file.length; ) {
            int marker = file[at + 1] & 0xff;
            boolean inData = coded && (marker == 0 || marker >= 0xd0 && marker <= 0xd7);
            if (file[at] != (byte) 0xff || marker == 0xff || inData) {
                at++;
            } else if (marker == 0xd9) {
                return coded ? null : "it holds no picture";
            } else {
                if (at + 3 >= file.length) return CUT_SHORT;
                coded |= marker == 0xda;
                at += 2 + ((file[at + 2] & 0xff) << 8 | file[at + 3] & 0xff);
            }
        }
        return CUT_SHORT;
    }

    private static String webp(ByteBuffer file) {
        return file.capacity() < 12 || (file.getInt(4) & 0xffffffffL) > file.capacity() - 8L ? CUT_SHORT : null;
    }

    /** Uncompressed pixels fill height rows of whole 32-bit words; compressed ones say their size. The header of OS/2 1 has 12 bytes. */
    private static String bmp(ByteBuffer file) {
        if (file.capacity() < 26) return CUT_SHORT;
        long start = file.getInt(10) & 0xffffffffL;
        boolean ofOs2 = file.getInt(14) == 12;
        if (!ofOs2 && file.capacity() < 54) return CUT_SHORT;
        int compression = ofOs2 ? 0 : file.getInt(30);
        int width = ofOs2 ? file.getShort(18) & 0xffff : file.getInt(18), height = ofOs2 ? file.getShort(20) & 0xffff : file.getInt(22);
        long rowBytes = ((long) width * file.getShort(ofOs2 ? 24 : 28) + 31) / 32 * 4;
        boolean packed = compression == 1 || compression == 2;
        long bytes = packed ? file.getInt(34) & 0xffffffffL : rowBytes * Math.abs((long) height);
        return start + bytes > file.capacity() ? CUT_SHORT : null;
    }

    /** Whether all strips or tiles of a TIFF's picture lie inside the file. */
    static boolean holdsStrips(byte[] file, TiffDirectory d) {
        boolean tiled = d.has(324);
        TiffDirectory.TagValue starts = d.tags.get(tiled ? 324 : 273), lengths = d.tags.get(tiled ? 325 : 279);
        if (starts == null || lengths == null || starts.count() != lengths.count()) return false;
        for (int i = 0; i < starts.count(); i++) {
            if (starts.number(i, d.order) + lengths.number(i, d.order) > file.length) return false;
        }
        return true;
    }
}
