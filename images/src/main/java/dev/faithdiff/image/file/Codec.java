package dev.faithdiff.image.file;

import com.luciad.imageio.webp.CompressionType;
import com.luciad.imageio.webp.WebPImageWriterSpi;
import com.luciad.imageio.webp.WebPWriteParam;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Encodes with the JDK's ImageIO, and with libwebp for WebP. */
final class Codec {
    static {
        if (System.getProperty("java.awt.headless") == null) System.setProperty("java.awt.headless", "true");
        ImageIO.setUseCache(false);
    }

    private Codec() {}

    /** One channel for colourless photos, no opacity in JPEG, 8 bits in JPEG and WebP. Returns what the format cannot carry, in sentences. */
    static List<String> encode(Photo photo, Encoding encoding, OutputStream to) throws IOException {
        ImageFormat format = encoding.format();
        List<String> remarks = new ArrayList<>();
        if (format == ImageFormat.JPEG || format == ImageFormat.WEBP) {
            if (photo.image().bits() == 16) remarks.add(format + " has 8 bits a sample: 16-bit samples are rounded");
            photo = photo.to8Bits();
        }
        if (format == ImageFormat.JPEG && photo.opacity() != null) {
            remarks.add("JPEG has no opacity: the photo is laid on white");
            photo = photo.onWhite();
        }
        Metadata m = colours(photo.metadata(), format, remarks);
        boolean grey = photo.image().isGrey() && format != ImageFormat.WEBP && (m.profile() == null || m.hasGreyProfile());
        if (!grey && m.hasGreyProfile()) {
            remarks.add("the profile of grey samples does not fit three channels and is left out");
            m = m.withoutProfile();
        }
        BufferedImage pixels = Pixels.of(photo.image(), photo.opacity(), grey);
        switch (format) {
            case WEBP -> to.write(webp(pixels, m, photo.opacity() != null));
            case TIFF -> TiffFile.write(pixels, Exif.tiffTags(m, pixels.getWidth(), pixels.getHeight()), to);
            default -> encode(pixels, m, encoding, to, remarks);
        }
        return remarks;
    }

    /** In other formats than PNG a profile says what colour chunks say, where one can. */
    private static Metadata colours(Metadata m, ImageFormat format, List<String> remarks) {
        if (format == ImageFormat.PNG || m.colours() == null) return m;
        if (!m.colours().matter(m.profile())) return m;
        byte[] profile = m.colours().profile();
        if (profile == null) remarks.add(format + " cannot say which colours the PNG's cICP names (HDR or a rare space): write .png to keep them");
        return profile == null ? m : m.withProfile(profile);
    }

    /** PNG and JPEG. */
    private static void encode(BufferedImage pixels, Metadata m, Encoding encoding, OutputStream to, List<String> remarks) throws IOException {
        ImageWriter writer = writer(encoding.format());
        ImageWriteParam param = writer.getDefaultWriteParam();
        IIOMetadata metadata = writer.getDefaultImageMetadata(ImageTypeSpecifier.createFromRenderedImage(pixels), param);
        if (encoding.format() == ImageFormat.JPEG) {
            param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            param.setCompressionQuality(encoding.jpegQuality() / 100f);
            MetadataTrees.jpeg(metadata, m, pixels.getWidth(), pixels.getHeight(), remarks);
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

    /** Lossless. @throws IOException also where the library cannot be loaded */
    private static byte[] webp(BufferedImage pixels, Metadata m, boolean opacity) throws IOException {
        WebpLibrary.load();
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

    private static String name(ImageFormat format) { return format.name().toLowerCase(Locale.ROOT); }
}
