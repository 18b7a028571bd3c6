package dev.faithdiff.image.file;

import com.twelvemonkeys.imageio.metadata.Entry;
import com.twelvemonkeys.imageio.metadata.tiff.TIFFEntry;
import com.twelvemonkeys.imageio.metadata.tiff.TIFFWriter;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * Writes TIFF 6.0: deflated strips of differences between neighbours, big-endian. By hand because TwelveMonkeys' writer does not take 16-bit
 * colour and the JDK's cuts off noise that grows when it is deflated; the directory is TwelveMonkeys'.
 */
final class TiffFile {
    private static final int STRIP_BYTES = 1 << 20;
    private static final short SHORT = 3, LONG = 4;
    private static final int DEFLATED = 8, BLACK_IS_ZERO = 1, RGB = 2, DIFFERENCES = 2, UNASSOCIATED = 2;

    private TiffFile() {}

    /** @param tags that are not about the pixels */
    static void write(BufferedImage in, List<Entry> tags, OutputStream to) throws IOException {
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
        List<Entry> all = new ArrayList<>(tags);
        int[] depths = new int[bands];
        Arrays.fill(depths, bits);
        all.addAll(List.of(new TIFFEntry(256, LONG, (long) in.getWidth()), new TIFFEntry(257, LONG, (long) in.getHeight()),
                new TIFFEntry(258, SHORT, depths),
                new TIFFEntry(259, SHORT, DEFLATED), new TIFFEntry(262, SHORT, colours == 1 ? BLACK_IS_ZERO : RGB), new TIFFEntry(277, SHORT, bands),
                new TIFFEntry(278, LONG, (long) rows), new TIFFEntry(279, LONG, lengths), new TIFFEntry(317, SHORT, DIFFERENCES)));
        if (bands > colours) all.add(new TIFFEntry(338, SHORT, UNASSOCIATED));
        long directoryBytes = directory(all, starts, 0).length;
        to.write(directory(all, starts, directoryBytes));
        pixels.writeTo(to);
    }

    /** Header and directory, whose length does not depend on where the strips begin. */
    private static byte[] directory(List<Entry> tags, long[] starts, long before) throws IOException {
        List<Entry> all = new ArrayList<>(tags);
        all.add(new TIFFEntry(273, LONG, Arrays.stream(starts).map(s -> s + before).toArray()));
        var bytes = new ByteArrayOutputStream();
        try (var out = new MemoryCacheImageOutputStream(bytes)) {
            out.setByteOrder(ByteOrder.BIG_ENDIAN);
            new TIFFWriter().write(all, out);
        }
        return bytes.toByteArray();
    }

    private static void deflate(Raster raster, int top, int rows, int bits, OutputStream to) throws IOException {
        int bands = raster.getNumBands(), samples = raster.getWidth() * bands;
        int[] row = new int[samples];
        byte[] bytes = new byte[samples * bits / 8];
        var out = new DeflaterOutputStream(to);
        for (int y = top; y < top + rows; y++) {
            raster.getPixels(0, y, raster.getWidth(), 1, row);
            for (int i = 0; i < samples; i++) {
                int difference = i < bands ? row[i] : row[i] - row[i - bands];
                if (bits == 16) bytes[2 * i] = (byte) (difference >> 8);
                bytes[i * bits / 8 + bits / 8 - 1] = (byte) difference;
            }
            out.write(bytes);
        }
        out.finish();
    }
}
