package dev.faithdiff.image.file;

import static dev.faithdiff.image.file.TiffDirectory.LONG;
import static dev.faithdiff.image.file.TiffDirectory.SHORT;

import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.zip.DeflaterOutputStream;

/**
 * Writes TIFF 6.0: deflated strips of differences between neighbours, big-endian. By hand because TwelveMonkeys' writer does not take 16-bit
 * colour and the JDK's cuts off noise that grows when it is deflated.
 */
final class TiffFile {
    private static final int STRIP_BYTES = 1 << 20;
    private static final int DEFLATED = 8, BLACK_IS_ZERO = 1, RGB = 2, DIFFERENCES = 2, UNASSOCIATED = 2;

    private TiffFile() {}

    /** @param tags big-endian, that are not about the pixels; those about them are added */
    static void write(BufferedImage in, TiffDirectory tags, OutputStream to) throws IOException {
        Raster raster = in.getRaster();
        int bands = raster.getNumBands();
        int bits = in.getColorModel().getComponentSize(0);
        int colours = in.getColorModel().getNumColorComponents();
        int rows = Math.clamp(STRIP_BYTES / (in.getWidth() * bands * bits / 8), 1, in.getHeight());
        var pixels = new ByteArrayOutputStream();
        long[] starts = new long[Math.ceilDiv(in.getHeight(), rows)], lengths = new long[starts.length];
        for (int k = 0; k < starts.length; k++) {
            starts[k] = pixels.size();
            deflate(raster, k * rows, Math.min(rows, in.getHeight() - k * rows), bits, pixels);
            lengths[k] = pixels.size() - starts[k];
        }
        long[] depths = new long[bands];
        Arrays.fill(depths, bits);
        tags.put(256, LONG, in.getWidth());
        tags.put(257, LONG, in.getHeight());
        tags.put(258, SHORT, depths);
        tags.put(259, SHORT, DEFLATED);
        tags.put(262, SHORT, colours == 1 ? BLACK_IS_ZERO : RGB);
        tags.put(273, LONG, starts);
        tags.put(277, SHORT, bands);
        tags.put(278, LONG, rows);
        tags.put(279, LONG, lengths);
        tags.put(317, SHORT, DIFFERENCES);
        if (bands > colours) tags.put(338, SHORT, UNASSOCIATED);
        // The directory comes first, and its length does not depend on where the strips begin.
        long directoryBytes = tags.written().length;
        tags.put(273, LONG, Arrays.stream(starts).map(s -> s + directoryBytes).toArray());
        to.write(tags.written());
        pixels.writeTo(to);
    }

    private static void deflate(Raster raster, int top, int rows, int bits, ByteArrayOutputStream to) throws IOException {
        int bands = raster.getNumBands(), samples = raster.getWidth() * bands;
        int[] row = new int[samples];
        byte[] bytes = new byte[samples * bits / 8];
        try (var out = new DeflaterOutputStream(to)) { // gives the deflater's native memory back
            for (int y = top; y < top + rows; y++) {
                raster.getPixels(0, y, raster.getWidth(), 1, row);
                for (int i = 0; i < samples; i++) {
                    int difference = i < bands ? row[i] : row[i] - row[i - bands];
                    if (bits == 16) bytes[2 * i] = (byte) (difference >> 8);
                    bytes[i * bits / 8 + bits / 8 - 1] = (byte) difference;
                }
                out.write(bytes);
            }
        }
    }
}
