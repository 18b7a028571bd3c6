package dev.faithdiff.image;

import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;

/**
 * Between {@link Image} and java.desktop. Samples are taken as stored, like Pillow's convert("RGB"): profiles and
 * transparency are dropped, 16-bit samples keep their high byte, grey is repeated.
 */
final class Pixels {
    private Pixels() {}

    static Image toImage(BufferedImage in) {
        int width = in.getWidth();
        byte[] rgb = Image.blank(width, in.getHeight());
        int[] row = new int[width * in.getRaster().getNumBands()];
        for (int y = 0; y < in.getHeight(); y++) readRow(in, y, row, rgb, 3 * y * width);
        return Image.of(width, in.getHeight(), rgb);
    }

    private static void readRow(BufferedImage in, int y, int[] row, byte[] rgb, int to) {
        ColorModel colors = in.getColorModel();
        Raster raster = in.getRaster();
        int width = in.getWidth();
        int space = colors.getColorSpace().getType();
        boolean grey = space == ColorSpace.TYPE_GRAY;
        boolean whole = colors.getTransferType() != DataBuffer.TYPE_FLOAT && colors.getTransferType() != DataBuffer.TYPE_DOUBLE;
        if (colors instanceof IndexColorModel || !whole || !grey && space != ColorSpace.TYPE_RGB) {
            in.getRGB(0, y, width, 1, row, 0, width);
            for (int x = 0; x < width; x++, to += 3) {
                rgb[to] = (byte) (row[x] >> 16);
                rgb[to + 1] = (byte) (row[x] >> 8);
                rgb[to + 2] = (byte) row[x];
            }
            return;
        }
        int bands = raster.getNumBands();
        raster.getPixels(0, y, width, 1, row);
        for (int x = 0; x < width; x++, to += 3) {
            for (int c = 0; c < 3; c++) {
                int band = grey ? 0 : c;
                rgb[to + c] = (byte) toByte(row[x * bands + band], colors.getComponentSize(band));
            }
        }
    }

    private static int toByte(int sample, int bits) {
        if (bits >= 8) return sample >>> bits - 8;
        int max = (1 << bits) - 1;
        return (sample * 255 + max / 2) / max;
    }

    /** A view of the same bytes. */
    static BufferedImage toBuffered(Image in) {
        var space = ColorSpace.getInstance(ColorSpace.CS_sRGB);
        var colors = new ComponentColorModel(space, false, false, Transparency.OPAQUE, DataBuffer.TYPE_BYTE);
        var bytes = new DataBufferByte(in.rgb(), in.rgb().length);
        var raster = Raster.createInterleavedRaster(bytes, in.width(), in.height(), 3 * in.width(), 3, new int[]{0, 1, 2}, null);
        return new BufferedImage(colors, raster, false, null);
    }
}
