package dev.faithdiff.quality;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** NumPy's archives of arrays of 64-bit numbers. */
final class NpzFile {
    private static final int MOST_BYTES = 1 << 20;

    private NpzFile() {}

    static boolean is(byte[] file) { return file.length > 4 && file[0] == 'P' && file[1] == 'K'; }

    /** Arrays by name, in the order of their rows; those of other types are left out. */
    static Map<String, double[]> read(byte[] file) throws IOException {
        Map<String, double[]> arrays = new HashMap<>();
        try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(file))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                byte[] npy = zip.readNBytes(MOST_BYTES);
                int header = npy.length < 10 ? 0 : npy[6] == 1 ? 10 + (npy[8] & 0xff | (npy[9] & 0xff) << 8) : 0;
                if (header == 0 || header > npy.length) continue;
                String about = new String(npy, 10, header - 10, StandardCharsets.ISO_8859_1);
                if (!about.contains("'<f8'") || !about.contains("'fortran_order': False")) continue;
                double[] values = new double[(npy.length - header) / 8];
                ByteBuffer.wrap(npy, header, values.length * 8).order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().get(values);
                arrays.put(entry.getName(), values);
            }
        }
        return arrays;
    }
}
