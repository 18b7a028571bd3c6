package dev.faithdiff.image.file;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;

/** The parts of which PNG, JPEG and WebP files are made, as far as a file goes. */
final class FileChunks {
    /** @param type four letters, or a JPEG marker's number in hexadecimal @param from where its data begins @param to where they end */
    record Chunk(String type, int from, int to) {
        byte[] data(byte[] file) { return Arrays.copyOfRange(file, from, to); }

        /** What follows a mark at its beginning, null where it is another. */
        byte[] after(String mark, byte[] file) {
            byte[] start = mark.getBytes(StandardCharsets.ISO_8859_1);
            boolean marked = to - from >= start.length && Arrays.equals(file, from, from + start.length, start, 0, start.length);
            return marked ? Arrays.copyOfRange(file, from + start.length, to) : null;
        }
    }

    private FileChunks() {}

    /** Whole chunks up to the end of the file or IEND; of the optional (lower case) ones those whose checksum is right. */
    static List<Chunk> ofPng(byte[] file) {
        List<Chunk> all = new ArrayList<>();
        ByteBuffer in = ByteBuffer.wrap(file);
        for (int at = 8; file.length - at >= 12; ) {
            long length = in.getInt(at) & 0xffffffffL;
            if (length > file.length - at - 12) break;
            Chunk c = new Chunk(new String(file, at + 4, 4, StandardCharsets.ISO_8859_1), at + 8, at + 8 + (int) length);
            if (Character.isUpperCase(c.type.charAt(0)) || isRight(file, c)) all.add(c);
            if (c.type.equals("IEND")) break;
            at = c.to + 4;
        }
        return all;
    }

    /** Whether a PNG chunk's checksum, which follows it, is that of its type and data. */
    static boolean isRight(byte[] file, Chunk c) {
        CRC32 crc = new CRC32();
        crc.update(file, c.from - 4, c.to - c.from + 4);
        return (int) crc.getValue() == ByteBuffer.wrap(file).getInt(c.to);
    }

    /** Segments with data before a JPEG's first scan. */
    static List<Chunk> ofJpeg(byte[] file) {
        List<Chunk> all = new ArrayList<>();
        for (int at = 2; at + 3 < file.length; ) {
            int marker = file[at + 1] & 0xff;
            if (file[at] != (byte) 0xff || marker == 0xff || marker == 0) {
                at++;
                continue;
            }
            if (marker == 0xda || marker == 0xd9) break;
            int end = at + 2 + ((file[at + 2] & 0xff) << 8 | file[at + 3] & 0xff);
            if (end > file.length || end < at + 4) break;
            all.add(new Chunk(Integer.toHexString(marker), at + 4, end));
            at = end;
        }
        return all;
    }

    /** Whole chunks of a WebP file. */
    static List<Chunk> ofWebp(byte[] file) {
        List<Chunk> all = new ArrayList<>();
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 12; file.length - at >= 8; ) {
            long length = in.getInt(at + 4) & 0xffffffffL;
            if (length > file.length - at - 8) break;
            Chunk c = new Chunk(new String(file, at, 4, StandardCharsets.ISO_8859_1), at + 8, at + 8 + (int) length);
            all.add(c);
            at = c.to + (int) (length & 1);
        }
        return all;
    }

    /** A JPEG without its profile, which decoders would convert samples by. */
    static byte[] withoutProfile(byte[] jpeg) {
        var rest = new ByteArrayOutputStream();
        int done = 0;
        for (Chunk c : ofJpeg(jpeg)) {
            if (!c.type.equals("e2") || c.after(MetadataReader.PROFILE_MARK, jpeg) == null) continue;
            rest.write(jpeg, done, c.from - 4 - done);
            done = c.to;
        }
        if (done == 0) return jpeg;
        rest.write(jpeg, done, jpeg.length - done);
        return rest.toByteArray();
    }
}
