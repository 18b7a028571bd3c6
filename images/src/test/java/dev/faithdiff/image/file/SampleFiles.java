package dev.faithdiff.image.file;

import java.awt.Color;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DirectColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.w3c.dom.NodeList;

/** Small files of many kinds, made with the JDK's writers, each with the pixels that it holds. */
final class SampleFiles {
    static final int WIDTH = 23, HEIGHT = 17;

    /** @param loss largest difference of a decoded sample */
    record Sample(String name, byte[] file, BufferedImage pixels, int loss) {
        @Override public String toString() { return name; }
    }

    private static final Map<String, Sample> ALL = new LinkedHashMap<>();

    private SampleFiles() {}

    static synchronized Map<String, Sample> all() throws IOException {
        if (!ALL.isEmpty()) return ALL;
        for (String kind : new String[] {"grey1", "grey2", "grey4", "grey8", "grey16", "greyAlpha8", "greyAlpha16", "palette1",
                "palette2", "palette4", "palette8", "paletteAlpha8", "rgb8", "rgb16", "rgba8", "rgba16"}) {
            add("png-" + kind, "png", kind, null, false);
            add("png-interlaced-" + kind, "png", kind, null, true);
        }
        for (String kind : new String[] {"grey8", "grey16", "palette8", "rgb8", "rgb16", "rgba8", "rgba16"}) {
            for (String compression : new String[] {"none", "LZW", "Deflate", "ZLib", "PackBits"}) {
                add("tiff-" + compression + "-" + kind, "tiff", kind, compression, false);
            }
        }
        for (String compression : new String[] {"CCITT RLE", "CCITT T.4", "CCITT T.6", "LZW", "none"}) {
            add("tiff-" + compression + "-grey1", "tiff", "grey1", compression, false);
        }
        add("tiff-tiled-rgb8", "tiff", "rgb8", "LZW", true);
        add("tiff-tiled-rgb16", "tiff", "rgb16", "none", true);
        add("tiff-JPEG-rgb8", "tiff", "rgb8", "JPEG", false);
        for (String kind : new String[] {"palette1", "palette4", "palette8", "rgb8", "bits555", "bits565", "bits888"}) {
            add("bmp-" + kind, "bmp", kind, kind.startsWith("bits") ? "BI_BITFIELDS" : "BI_RGB", false);
        }
        add("bmp-rle8", "bmp", "palette8", "BI_RLE8", false);
        for (String sampling : new String[] {"1x1", "2x1", "1x2", "2x2", "4x1"}) {
            add("jpeg-" + sampling, "jpeg", "rgb8", sampling, false);
            add("jpeg-progressive-" + sampling, "jpeg", "rgb8", sampling, true);
        }
        add("jpeg-grey", "jpeg", "grey8", "1x1", false);
        for (String kind : new String[] {"rgb8", "rgba8"}) add("webp-" + kind, "webp", kind, "Lossless", false);
        for (String kind : new String[] {"palette2", "palette8"}) add("gif-" + kind, "gif", kind, null, false);
        add("gif-interlaced-palette8", "gif", "palette8", null, true);
        add("webp-lossy", "webp", "rgb8", "Lossy", false);
        return ALL;
    }

    private static void add(String name, String format, String kind, String how, boolean second) throws IOException {
        BufferedImage pixels = pixels(kind);
        boolean lossy = format.equals("jpeg") || "JPEG".equals(how) || "Lossy".equals(how);
        ALL.put(name, new Sample(name, encoded(pixels, format, how, second), pixels, lossy ? 40 : 0));
    }

    /** The JDK's where it has one. */
    private static ImageWriter writer(String format) {
        ImageWriter writer = null;
        for (var all = ImageIO.getImageWritersByFormatName(format); all.hasNext(); ) {
            ImageWriter next = all.next();
            if (writer == null || next.getClass().getName().startsWith("com.sun")) writer = next;
        }
        return writer;
    }

    /** @param second interlaced PNG, tiled TIFF, progressive JPEG */
    private static byte[] encoded(BufferedImage pixels, String format, String how, boolean second) throws IOException {
        ImageWriter writer = writer(format);
        ImageWriteParam param = writer.getDefaultWriteParam();
        IIOMetadata metadata = null;
        if (format.equals("jpeg")) {
            metadata = sampled(writer.getDefaultImageMetadata(ImageTypeSpecifier.createFromRenderedImage(pixels), param), how);
        } else if (how != null && !how.equals("none")) {
            param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            param.setCompressionType(how);
        }
        if (second && format.equals("tiff")) {
            param.setTilingMode(ImageWriteParam.MODE_EXPLICIT);
            param.setTiling(16, 16, 0, 0);
        } else if (second) {
            param.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
        }
        var bytes = new ByteArrayOutputStream();
        try (var out = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(out);
            writer.write(null, new IIOImage(pixels, null, metadata), param);
        }
        writer.dispose();
        return bytes.toByteArray();
    }

    /**
     * A JPEG of four channels after Adobe: inks are stored inverted.
     *
     * @param transform 0: CMYK; 2: YCCK, where cyan, magenta and yellow are turned to luma and chroma as if they were red, green and blue
     */
    static byte[] inks(int transform) throws IOException {
        WritableRaster raster = Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, 16, 16, 4, null);
        for (int i = 0; i < 256; i++) {
            double c = 55 + 5 * (i % 16), m = 155, y = 205, k = 40, luma = 0.299 * c + 0.587 * m + 0.114 * y;
            double[] stored = transform == 0 ? new double[] {255 - c, 255 - m, 255 - y, 255 - k}
                    : new double[] {luma, 128 + (y - luma) * 0.564, 128 + (c - luma) * 0.713, 255 - k};
            for (int b = 0; b < 4; b++) raster.setSample(i % 16, i / 16, b, (int) Math.round(stored[b]));
        }
        ImageWriter writer = writer("jpeg");
        ImageWriteParam param = writer.getDefaultWriteParam();
        param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
        param.setCompressionQuality(1);
        var plain = new ByteArrayOutputStream();
        try (var out = new MemoryCacheImageOutputStream(plain)) {
            writer.setOutput(out);
            writer.write(null, new IIOImage(raster, null, null), param);
        }
        var file = new ByteArrayOutputStream();
        file.write(plain.toByteArray(), 0, 2);
        file.writeBytes(new byte[] {(byte) 0xff, (byte) 0xee, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, (byte) transform});
        file.write(plain.toByteArray(), 2, plain.size() - 2);
        return file.toByteArray();
    }

    private static IIOMetadata sampled(IIOMetadata metadata, String sampling) throws IOException {
        var root = (IIOMetadataNode) metadata.getAsTree(metadata.getNativeMetadataFormatName());
        NodeList components = root.getElementsByTagName("componentSpec");
        for (int i = 0; i < components.getLength(); i++) {
            var c = (IIOMetadataNode) components.item(i);
            c.setAttribute("HsamplingFactor", i == 0 ? sampling.substring(0, 1) : "1");
            c.setAttribute("VsamplingFactor", i == 0 ? sampling.substring(2) : "1");
        }
        metadata.setFromTree(metadata.getNativeMetadataFormatName(), root);
        return metadata;
    }

    /** A smooth picture (so that lossy kinds come near), in the samples of a kind. */
    static BufferedImage pixels(String kind) {
        int bits = Integer.parseInt(kind.replaceAll("\\D", ""));
        if (kind.startsWith("palette")) return palette(bits, kind.contains("Alpha"));
        if (kind.startsWith("bits")) return packed(bits);
        if (kind.startsWith("grey") && bits < 8) return lowGrey(bits);
        boolean grey = kind.startsWith("grey"), alpha = kind.contains("Alpha") || kind.startsWith("rgba");
        int bands = (grey ? 1 : 3) + (alpha ? 1 : 0), type = bits == 16 ? DataBuffer.TYPE_USHORT : DataBuffer.TYPE_BYTE;
        ColorModel colors = new ComponentColorModel(ColorSpace.getInstance(grey ? ColorSpace.CS_GRAY : ColorSpace.CS_sRGB), alpha, false,
                alpha ? Color.TRANSLUCENT : Color.OPAQUE, type);
        WritableRaster raster = Raster.createInterleavedRaster(type, WIDTH, HEIGHT, bands, null);
        fill(raster, (1 << bits) - 1);
        return new BufferedImage(colors, raster, false, null);
    }

    private static void fill(WritableRaster raster, int max) {
        for (int y = 0; y < HEIGHT; y++) for (int x = 0; x < WIDTH; x++) {
            for (int b = 0; b < raster.getNumBands(); b++) raster.setSample(x, y, b, (int) Math.round(max * wave(x, y, b)));
        }
    }

    private static double wave(int x, int y, int b) { return 0.5 + 0.45 * Math.sin(x * 0.05 * (b + 1) + y * 0.07 + b); }

    private static BufferedImage lowGrey(int bits) {
        byte[] levels = new byte[1 << bits];
        for (int i = 0; i < levels.length; i++) levels[i] = (byte) (i * 255 / (levels.length - 1));
        ColorModel colors = new IndexColorModel(bits, levels.length, levels, levels, levels);
        WritableRaster raster = Raster.createPackedRaster(DataBuffer.TYPE_BYTE, WIDTH, HEIGHT, 1, bits, null);
        fill(raster, levels.length - 1);
        return new BufferedImage(colors, raster, false, null);
    }

    private static BufferedImage palette(int bits, boolean alpha) {
        byte[][] rgba = new byte[4][1 << bits];
        for (int i = 0; i < 1 << bits; i++) for (int c = 0; c < 4; c++) rgba[c][i] = (byte) (i * (37 + 20 * c) + 11 * c);
        ColorModel colors = alpha ? new IndexColorModel(bits, 1 << bits, rgba[0], rgba[1], rgba[2], rgba[3])
                : new IndexColorModel(bits, 1 << bits, rgba[0], rgba[1], rgba[2]);
        WritableRaster raster = bits == 8 ? Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, WIDTH, HEIGHT, 1, null)
                : Raster.createPackedRaster(DataBuffer.TYPE_BYTE, WIDTH, HEIGHT, 1, bits, null);
        fill(raster, (1 << bits) - 1);
        return new BufferedImage(colors, raster, false, null);
    }

    private static BufferedImage packed(int kind) {
        ColorModel colors = switch (kind) {
            case 555 -> new DirectColorModel(15, 0x7c00, 0x3e0, 0x1f);
            case 565 -> new DirectColorModel(16, 0xf800, 0x7e0, 0x1f);
            default -> new DirectColorModel(24, 0xff0000, 0xff00, 0xff);
        };
        WritableRaster raster = colors.createCompatibleWritableRaster(WIDTH, HEIGHT);
        for (int y = 0; y < HEIGHT; y++) for (int x = 0; x < WIDTH; x++) {
            for (int b = 0; b < 3; b++) raster.setSample(x, y, b, (int) (((1 << colors.getComponentSize(b)) - 1) * wave(x, y, b)));
        }
        return new BufferedImage(colors, raster, false, null);
    }
}
