package dev.faithdiff.quality;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.InflaterInputStream;

/** MATLAB's files of version 5, little-endian: their matrices of 64-bit numbers. */
final class MatFile {
    private static final int HEADER = 128, MATRIX = 14, COMPRESSED = 15, DOUBLE = 9, MOST_BYTES = 1 << 20;

    /** One element of the file. */
    private record Element(int type, ByteBuffer data) {}

    private MatFile() {}

    static boolean is(byte[] file) {
        if (file.length <= HEADER || file[126] != 'I' || file[127] != 'M') return false;
        return new String(file, 0, 10, StandardCharsets.ISO_8859_1).equals("MATLAB 5.0");
    }

    /** Matrices by name, column by column as stored; what is not of 64-bit numbers is left out. @throws IOException if the file is damaged */
    static Map<String, double[]> read(byte[] file) throws IOException {
        Map<String, double[]> all = new HashMap<>();
        try {
            ByteBuffer in = little(file);
            in.position(HEADER);
            while (in.remaining() >= 8) add(next(in, false), all);
        } catch (BufferUnderflowException | IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new IOException("the MATLAB file is damaged", e);
        }
        return all;
    }

    private static void add(Element element, Map<String, double[]> all) throws IOException {
        if (element.type == COMPRESSED) {
            byte[] packed = new byte[element.data.remaining()];
            element.data.get(packed);
            try (InflaterInputStream unpacked = new InflaterInputStream(new ByteArrayInputStream(packed))) {
                add(next(little(unpacked.readNBytes(MOST_BYTES)), false), all);
            }
        } else if (element.type == MATRIX) {
            ByteBuffer in = element.data;
            next(in, true); // flags
            next(in, true); // sizes
            ByteBuffer name = next(in, true).data;
            Element values = next(in, true);
            if (values.type != DOUBLE) return;
            double[] numbers = new double[values.data.remaining() / 8];
            values.data.asDoubleBuffer().get(numbers);
            all.put(StandardCharsets.ISO_8859_1.decode(name).toString(), numbers);
        }
    }

    /** @param isInside whether it is a part of a matrix: those begin at multiples of 8 bytes, and short ones lie in their own head */
    private static Element next(ByteBuffer in, boolean isInside) {
        int type = in.getInt(), bytes = type >>> 16;
        boolean isShort = isInside && bytes != 0;
        if (!isShort) bytes = in.getInt();
        ByteBuffer data = in.slice(in.position(), bytes).order(ByteOrder.LITTLE_ENDIAN);
        int padded = isShort ? 4 : isInside ? (bytes + 7) / 8 * 8 : bytes;
        in.position(Math.min(in.limit(), in.position() + padded));
        return new Element(type & 0xffff, data);
    }

    private static ByteBuffer little(byte[] bytes) { return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN); }
}
