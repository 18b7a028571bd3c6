package dev.faithdiff.image.file;

import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import com.twelvemonkeys.imageio.util.ProgressListenerBase;
import dev.faithdiff.image.ImageError;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.IOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;

/**
 * Decodes with ImageIO and its TwelveMonkeys plug-ins, always to the samples that the file stores: readers prefer others, which they convert by
 * the profile, so RGB and grey files are shown to them without it. What a damaged file still gives is kept.
 */
final class PictureDecoder {
    static final long MAX_PIXELS = 256L << 20;
    /** TwelveMonkeys takes a file of more samples than this for each byte for an attack, and blank pages of a fax and plain pictures for one. */
    private static final int TIFF_EXPANSION = 512, WEBP_EXPANSION = 2048;
    /** TwelveMonkeys reads so many bytes before it looks at any. */
    private static final int SHORTEST_WEBP = 64;
    private static final int INTERLACE_AT = 28;
    static {
        if (System.getProperty("java.awt.headless") == null) System.setProperty("java.awt.headless", "true");
        ImageIO.setUseCache(false);
    }

    /** Of interlaced PNG (Adam7), the pixels that one of a pass stands for. */
    private static final int[] BLOCK_WIDTH = {8, 4, 4, 2, 2, 1}, BLOCK_HEIGHT = {8, 8, 4, 4, 2, 2};

    /** A picture as stored. @param count of pictures in the file @param damage why it is not whole, in words; null where nothing is wrong with it */
    record Decoded(BufferedImage pixels, int count, String damage) {}

    private final ImageReader reader;
    private final Picture picture;
    private String warning;
    private float percent;

    private PictureDecoder(ImageFormat format, Picture picture) {
        this.reader = reader(format);
        this.picture = picture;
        reader.addIIOReadWarningListener((_, text) -> warn(text));
        reader.addIIOReadProgressListener(new ProgressListenerBase() {
            @Override public void imageProgress(ImageReader source, float done) { percent = done; }
        });
    }

    /**
     * @param most   pixels that are decoded
     * @param defect what is known to be wrong with the file, null: nothing
     * @throws ImageError if nothing can be read of it, it is of an unsupported kind, or too large
     */
    static Decoded decode(byte[] file, ImageFormat format, Picture picture, String name, long most, String defect) {
        PictureDecoder decoder = new PictureDecoder(format, picture);
        try {
            return decoder.read(file, format, name, most);
        } catch (IOException | RuntimeException | LinkageError e) {
            if (e instanceof ImageError known) throw known;
            String why = defect == null ? ImageFiles.reason(e) : defect;
            throw new ImageError("cannot read " + name + ": damaged or unsupported " + format + " (" + why + ")", e);
        } finally {
            decoder.reader.dispose();
        }
    }

    private Decoded read(byte[] file, ImageFormat format, String name, long most) throws IOException {
        byte[] plain = switch (format) {
            case WEBP -> WebpContainer.withoutProfile(Arrays.copyOf(file, Math.max(file.length, SHORTEST_WEBP)));
            case JPEG -> picture.hasInks() ? file : FileChunks.withoutProfile(file);
            case TIFF -> TiffDirectory.beginningAt(picture.directory(), file);
            default -> file;
        };
        reader.setInput(new ByteArrayImageInputStream(plain), format != ImageFormat.GIF, true);
        int width = reader.getWidth(0), height = reader.getHeight(0);
        if ((long) width * height > most) {
            throw new ImageError.TooLarge(name + " is " + width + "x" + height + ", more than " + (most >> 20) + " megapixels: cut it up first");
        }
        if (format == ImageFormat.WEBP && WebpContainer.lossless(file) instanceof FileChunks.Chunk chunk) {
            WebpLossless.Decoded lossless = WebpLossless.decode(file, chunk);
            return new Decoded(WebpContainer.onCanvas(lossless.pixels(), file), picture.count(), lossless.damage());
        }
        long least = 4L * width * height / (format == ImageFormat.TIFF ? TIFF_EXPANSION : WEBP_EXPANSION);
        boolean plainTiff = format == ImageFormat.TIFF && WholeFile.holdsStrips(file, TiffDirectory.at(picture.directory(), file));
        if (plain.length < least && (format == ImageFormat.WEBP || plainTiff)) {
            reader.setInput(new ByteArrayImageInputStream(Arrays.copyOf(plain, (int) least)), true, true);
        }
        BufferedImage pixels = type().createBufferedImage(width, height);
        ImageReadParam param = reader.getDefaultReadParam();
        param.setDestination(pixels);
        String damage = null;
        try {
            BufferedImage read = reader.read(0, param);
            if (read != pixels) pixels = read;
            if (format == ImageFormat.WEBP) {
                WebpOpacity.correct(pixels.getRaster(), file);
                pixels = WebpContainer.onCanvas(pixels, file);
            }
        } catch (IOException | RuntimeException e) {
            if (isBlank(pixels.getRaster())) throw e;
            damage = ImageFiles.reason(e);
            if (format == ImageFormat.PNG && file[INTERLACE_AT] == 1) fillInterlaced(pixels.getRaster());
        }
        int count = format == ImageFormat.GIF && damage == null ? reader.getNumImages(true) : picture.count();
        return new Decoded(pixels, count, damage == null ? warning : damage);
    }

    /** The stored type where it is RGB or grey, else what the reader makes of other colours. */
    private ImageTypeSpecifier type() throws IOException {
        if (picture.transparentGrey() >= 0) return transparentGrey();
        // The JDK's reader of PNG converts nothing, and its raw type lacks the opacity that a transparent colour makes.
        if (reader.getFormatName().equalsIgnoreCase("png")) return reader.getImageTypes(0).next();
        ImageTypeSpecifier stored = reader.getRawImageType(0);
        if (stored != null) {
            int space = stored.getColorModel().getColorSpace().getType();
            if (space == ColorSpace.TYPE_RGB || space == ColorSpace.TYPE_GRAY) return stored;
        }
        return reader.getImageTypes(0).next();
    }

    /** A PNG of 1, 2 or 4 bits whose one grey is transparent: the JDK's reader takes its greys for a palette, which can say so. */
    private ImageTypeSpecifier transparentGrey() throws IOException {
        ColorModel grey = reader.getRawImageType(0).getColorModel();
        int bits = grey.getPixelSize();
        byte[] levels = new byte[1 << bits];
        for (int i = 0; i < levels.length; i++) levels[i] = (byte) (i * 255 / (levels.length - 1));
        ColorModel model = new IndexColorModel(bits, levels.length, levels, levels, levels, picture.transparentGrey());
        return new ImageTypeSpecifier(model, reader.getRawImageType(0).getSampleModel());
    }

    /** Pixels of passes that are missing become those of the last whole pass above and left of them, as a viewer shows a picture that comes in. */
    private void fillInterlaced(WritableRaster raster) {
        int width = raster.getWidth(), height = raster.getHeight(), whole = 0;
        // The reader counts the pixels of a row before it reads them.
        double read = Math.rint(percent / 100.0 * width * height);
        while (whole < BLOCK_WIDTH.length && Math.ceilDiv(width, BLOCK_WIDTH[whole]) * Math.ceilDiv(height, BLOCK_HEIGHT[whole]) < read) whole++;
        if (whole == 0) return;
        Object pixel = null;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                pixel = raster.getDataElements(x - x % BLOCK_WIDTH[whole - 1], y - y % BLOCK_HEIGHT[whole - 1], pixel);
                raster.setDataElements(x, y, pixel);
            }
        }
    }

    /** What libjpeg and readers in Java say of data that they had to make up; remarks about metadata are none of it. */
    private void warn(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        boolean harmless = lower.contains("extraneous") || !lower.contains("corrupt") && !lower.contains("premature");
        if (!harmless && warning == null) warning = text;
    }

    /** The WebP library brings a reader, too, which passes damaged files to C code; TwelveMonkeys' checks them in Java. */
    static ImageReader reader(ImageFormat format) {
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format.name().toLowerCase(Locale.ROOT));
        ImageReader reader = readers.next();
        while (reader.getClass().getPackageName().startsWith("com.luciad")) reader = readers.next();
        return reader;
    }

    /** Whether nothing was read into it. */
    private static boolean isBlank(Raster raster) {
        int[] row = new int[raster.getWidth() * raster.getNumBands()];
        for (int y = 0; y < raster.getHeight(); y++) {
            for (int sample : raster.getPixels(0, y, raster.getWidth(), 1, row)) if (sample != 0) return false;
        }
        return true;
    }
}
