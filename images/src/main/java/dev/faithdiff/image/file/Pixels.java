package dev.faithdiff.image.file;

import dev.faithdiff.image.Image;
import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.DataBufferUShort;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;

/**
 * Between {@link Image} and java.desktop. RGB and grey samples are taken as stored, without regard to a profile, and with more than 8 bits as
 * 16; other colours (CMYK, Lab) and floats become 8-bit sRGB.
 */
public final class Pixels {
    /** @param bits of the stored samples @param asStored whether they are the file's own, so that its profile still is about them */
    record Decoded(Image image, Image opacity, int bits, boolean asStored) {}

    private final BufferedImage in;
    private final int width, bands;
    private final boolean converted, grey, deep;
    private final byte[] rgb, low, opacity, lowOpacity;
    private final int[] row;

    private Pixels(BufferedImage in) {
        this.in = in;
        width = in.getWidth();
        ColorModel colors = in.getColorModel();
        bands = in.getRaster().getNumBands();
        int space = colors.getColorSpace().getType(), type = colors.getTransferType();
        grey = space == ColorSpace.TYPE_GRAY;
        boolean whole = type != DataBuffer.TYPE_FLOAT && type != DataBuffer.TYPE_DOUBLE;
        converted = colors instanceof IndexColorModel || !whole || !grey && space != ColorSpace.TYPE_RGB;
        deep = !converted && colors.getComponentSize(0) > 8;
        rgb = Image.blank(width, in.getHeight());
        low = deep ? new byte[rgb.length] : null;
        opacity = colors.hasAlpha() ? new byte[rgb.length] : null;
        lowOpacity = deep && opacity != null ? new byte[rgb.length] : null;
        row = new int[width * bands];
    }

    static Decoded read(BufferedImage in) {
        if (in.isAlphaPremultiplied()) in.coerceData(false);
        Pixels p = new Pixels(in);
        for (int y = 0; y < in.getHeight(); y++) {
            if (p.converted) p.readConverted(y);
            else p.readStored(y);
        }
        int height = in.getHeight();
        return new Decoded(Image.of(p.width, height, p.rgb, p.low), p.opacity == null ? null : Image.of(p.width, height, p.opacity, p.lowOpacity),
                in.getColorModel().getComponentSize(0), !p.converted || in.getColorModel() instanceof IndexColorModel);
    }

    private void readConverted(int y) {
        in.getRGB(0, y, width, 1, row, 0, width);
        for (int x = 0, to = 3 * y * width; x < width; x++, to += 3) {
            for (int c = 0; c < 3; c++) {
                rgb[to + c] = (byte) (row[x] >> 16 - 8 * c);
                if (opacity != null) opacity[to + c] = (byte) (row[x] >>> 24);
            }
        }
    }

    private void readStored(int y) {
        ColorModel colors = in.getColorModel();
        in.getRaster().getPixels(0, y, width, 1, row);
        int alpha = bands - 1;
        for (int x = 0, to = 3 * y * width; x < width; x++, to += 3) {
            for (int c = 0; c < 3; c++) {
                int band = grey ? 0 : c;
                put(row[x * bands + band], colors.getComponentSize(band), rgb, low, to + c);
                if (opacity != null) put(row[x * bands + alpha], colors.getComponentSize(alpha), opacity, lowOpacity, to + c);
            }
        }
    }

    private void put(int sample, int bits, byte[] high, byte[] low, int i) {
        int to = deep ? 16 : 8;
        long scaled = bits >= to ? (sample & 0xffffffffL) >>> bits - to : scaled(sample, (1 << bits) - 1, (1 << to) - 1);
        if (deep) Image.put((int) scaled, high, low, i);
        else high[i] = (byte) scaled;
    }

    private static long scaled(long sample, int from, int to) { return (sample * to + from / 2) / from; }

    /** The samples of an image of java.desktop, as 8 or 16 bits; colours other than grey and sRGB are converted, to 8 bits. Opacity is left out. */
    public static Image image(BufferedImage in) {
        ColorSpace space = in.getColorModel().getColorSpace();
        return space.isCS_sRGB() || space.getType() == ColorSpace.TYPE_GRAY ? read(in).image : converted(in);
    }

    private static Image converted(BufferedImage in) {
        var rgb = new BufferedImage(in.getWidth(), in.getHeight(), BufferedImage.TYPE_3BYTE_BGR);
        for (int y = 0; y < in.getHeight(); y++) {
            rgb.setRGB(0, y, in.getWidth(), 1, in.getRGB(0, y, in.getWidth(), 1, null, 0, in.getWidth()), 0, in.getWidth());
        }
        return read(rgb).image;
    }

    /** The image's samples as sRGB, of 8 or 16 bits, for java.desktop. An 8-bit image is not copied. */
    public static BufferedImage buffered(Image image) { return of(image, null, false); }

    /** One channel where {@code grey}, else three; the opacity after them. An 8-bit RGB image without opacity is not copied. */
    static BufferedImage of(Image image, Image opacity, boolean grey) {
        int colours = grey ? 1 : 3;
        int bands = colours + (opacity == null ? 0 : 1);
        int samples = image.width() * image.height() * bands;
        boolean deep = image.bits() == 16;
        DataBuffer data = deep ? new DataBufferUShort(samples)
                : bands == 3 ? new DataBufferByte(image.rgb(), samples) : new DataBufferByte(samples);
        if (deep || bands != 3) {
            for (int p = 0, to = 0; p < image.width() * image.height(); p++) {
                for (int c = 0; c < colours; c++) data.setElem(to++, image.sample(3 * p + c));
                if (opacity != null) data.setElem(to++, opacity.sample(3 * p));
            }
        }
        var space = ColorSpace.getInstance(grey ? ColorSpace.CS_GRAY : ColorSpace.CS_sRGB);
        var colors = new ComponentColorModel(space, opacity != null, false, opacity == null ? Transparency.OPAQUE : Transparency.TRANSLUCENT,
                data.getDataType());
        int[] offsets = new int[bands];
        for (int i = 0; i < bands; i++) offsets[i] = i;
        var raster = Raster.createInterleavedRaster(data, image.width(), image.height(), bands * image.width(), bands, offsets, null);
        return new BufferedImage(colors, raster, false, null);
    }
}
