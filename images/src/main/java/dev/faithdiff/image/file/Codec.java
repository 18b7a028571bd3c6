package dev.faithdiff.image.file;

import com.luciad.imageio.webp.CompressionType;
import com.luciad.imageio.webp.WebPImageWriterSpi;
import com.luciad.imageio.webp.WebPWriteParam;
import com.luciad.imageio.webp.internal.NativeLoader;
import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import dev.faithdiff.image.ImageError;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import javax.imageio.IIOException;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Decodes and encodes with ImageIO, its TwelveMonkeys plug-ins, and libwebp for WebP files that are written. */
final class Codec {
    private static final long MAX_PIXELS = 256L << 20;
    static {
        if (System.getProperty("java.awt.headless") == null) System.setProperty("java.awt.headless", "true");
        ImageIO.setUseCache(false);
    }

    private Codec() {}

    /** The file's first image as stored. @throws ImageError if it is damaged, of an unsupported kind, or too large */
    static Pixels.Decoded decode(byte[] file, ImageFormat format, String name) {
        ImageReader reader = reader(format);
        String[] warning = new String[1];
        byte[] plain = format == ImageFormat.WEBP ? WebpContainer.withoutProfile(file) : file;
        try (ImageInputStream in = new ByteArrayImageInputStream(plain)) {
            reader.setInput(in, true, true);
            reader.addIIOReadWarningListener((_, text) -> warning[0] = text);
            int width = reader.getWidth(0);
            int height = reader.getHeight(0);
            if ((long) width * height > MAX_PIXELS) {
                throw new ImageError(name + " is " + width + "x" + height + ", more than 256 megapixels: cut it up first");
            }
            Pixels.Decoded decoded = Pixels.read(reader.read(0));
            if (warning[0] != null && warning[0].contains("premature end")) throw new IIOException(warning[0]);
            return decoded;
        } catch (ImageError e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            String why = ImageFiles.reason(e);
            throw new ImageError("cannot read " + name + ": damaged or unsupported " + format + " (" + why + ")", e);
        } catch (OutOfMemoryError e) {
            throw new ImageError("cannot read " + name + ": too large for the memory of this run, raise -Xmx", e);
        } finally {
            reader.dispose();
        }
    }

    /** The WebP library brings a reader, too, which passes damaged files to C code; TwelveMonkeys' checks them in Java. */
    private static ImageReader reader(ImageFormat format) {
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(name(format));
        ImageReader reader = readers.next();
        while (reader.getClass().getPackageName().startsWith("com.luciad")) reader = readers.next();
        return reader;
    }

    /** One channel for colourless photos, no opacity in JPEG, 8 bits in JPEG and WebP. Returns what the format cannot carry, in sentences. */
    static List<String> encode(Photo photo, Encoding encoding, OutputStream to) throws IOException {
        ImageFormat format = encoding.format();
        if (format == ImageFormat.JPEG) photo = photo.onWhite();
        if (format == ImageFormat.JPEG || format == ImageFormat.WEBP) photo = photo.to8Bits();
        Metadata m = photo.metadata();
        boolean grey = photo.image().isGrey() && format != ImageFormat.WEBP && (m.profile() == null || m.hasGreyProfile());
        if (!grey && m.hasGreyProfile()) m = m.withProfile(null);
        BufferedImage pixels = Pixels.of(photo.image(), photo.opacity(), grey);
        switch (format) {
            case WEBP -> to.write(webp(pixels, m, photo.opacity() != null));
            case TIFF -> TiffFile.write(pixels, Exif.tiffTags(m, pixels.getWidth(), pixels.getHeight()), to);
            default -> encode(pixels, m, encoding, to);
        }
        return List.of();
    }

    /** PNG and JPEG. */
    private static void encode(BufferedImage pixels, Metadata m, Encoding encoding, OutputStream to) throws IOException {
        ImageWriter writer = writer(encoding.format());
        ImageWriteParam param = writer.getDefaultWriteParam();
        IIOMetadata metadata = writer.getDefaultImageMetadata(ImageTypeSpecifier.createFromRenderedImage(pixels), param);
        if (encoding.format() == ImageFormat.JPEG) {
            param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            param.setCompressionQuality(encoding.jpegQuality() / 100f);
            MetadataTrees.jpeg(metadata, m, pixels.getWidth(), pixels.getHeight());
        } else {
            MetadataTrees.png(metadata, m, pixels.getWidth(), pixels.getHeight());
        }
        try (var out = new MemoryCacheImageOutputStream(to)) {
            writer.setOutput(out);
            writer.write(null, new IIOImage(pixels, null, metadata), param);
        } finally {
            writer.dispose();
        }
    }

    /** The JDK's own, which are part of it: others differ in what they write. */
    private static ImageWriter writer(ImageFormat format) {
        Iterator<ImageWriter> writers = ImageIO.getImageWritersByFormatName(name(format));
        ImageWriter writer = writers.next();
        while (!writer.getClass().getPackageName().startsWith("com.sun")) writer = writers.next();
        return writer;
    }

    /** Lossless. @throws IOException also where the library has no native code for this system */
    private static byte[] webp(BufferedImage pixels, Metadata m, boolean opacity) throws IOException {
        checkWebp();
        var bytes = new ByteArrayOutputStream();
        ImageWriter writer = new WebPImageWriterSpi().createWriterInstance(null);
        try (var out = new MemoryCacheImageOutputStream(bytes)) {
            WebPWriteParam param = (WebPWriteParam) writer.getDefaultWriteParam();
            param.setCompressionType(CompressionType.Lossless);
            param.setExact(true);
            writer.setOutput(out);
            writer.write(null, new IIOImage(pixels, null, null), param);
        } finally {
            writer.dispose();
        }
        return WebpContainer.with(bytes.toByteArray(), m, pixels.getWidth(), pixels.getHeight(), opacity);
    }

    /** Asks the library's loader, because what needs it prints a stack trace. @throws IOException if WebP cannot be written on this system */
    static void checkWebp() throws IOException {
        try {
            if (NativeLoader.initialize()) return;
        } catch (Exception | LinkageError e) {
            throw new IOException(noWebp(), e);
        }
        throw new IOException(noWebp());
    }

    private static String noWebp() {
        return "WebP needs native code that is not there for " + System.getProperty("os.name") + " " + System.getProperty("os.arch")
                + ", write .png, .jpg or .tif";
    }

    private static String name(ImageFormat format) { return format.name().toLowerCase(Locale.ROOT); }
}
