package dev.faithdiff.image;

import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import javax.imageio.IIOException;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.FileImageOutputStream;
import javax.imageio.stream.ImageInputStream;
import org.w3c.dom.NodeList;

/** Decodes and encodes with ImageIO and its TwelveMonkeys plug-ins. */
final class Codec {
    private static final long MAX_PIXELS = 256L << 20;
    private static final float JPEG_QUALITY = 0.95f;
    static {
        if (System.getProperty("java.awt.headless") == null) System.setProperty("java.awt.headless", "true");
        ImageIO.setUseCache(false);
    }

    private Codec() {}

    /** The file's first image as stored. @throws ImageError if it is damaged, of an unsupported kind, or too large */
    static Image decode(byte[] file, ImageFormat format, Path path) {
        ImageReader reader = ImageIO.getImageReadersByFormatName(name(format)).next();
        String[] warning = new String[1];
        try (ImageInputStream in = new ByteArrayImageInputStream(file)) {
            reader.setInput(in, true, true);
            reader.addIIOReadWarningListener((_, text) -> warning[0] = text);
            int width = reader.getWidth(0);
            int height = reader.getHeight(0);
            if ((long) width * height > MAX_PIXELS) {
                throw new ImageError(path + " is " + width + "x" + height + ", more than 256 megapixels: cut it up first");
            }
            Image image = Pixels.toImage(reader.read(0));
            if (warning[0] != null && warning[0].contains("premature end")) throw new IIOException(warning[0]);
            return image;
        } catch (ImageError e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            String why = ImageFiles.reason(e);
            throw new ImageError("cannot read " + path + ": damaged or unsupported " + format + " (" + why + ")", e);
        } catch (OutOfMemoryError e) {
            throw new ImageError("cannot read " + path + ": too large for the memory of this run, raise -Xmx", e);
        } finally {
            reader.dispose();
        }
    }

    /** Writes over the file. */
    static void encode(Image image, ImageFormat format, Path path) throws IOException {
        ImageWriter writer = ImageIO.getImageWritersByFormatName(name(format)).next();
        ImageWriteParam param = writer.getDefaultWriteParam();
        var pixels = Pixels.toBuffered(image);
        IIOMetadata metadata = null;
        if (format == ImageFormat.JPEG) {
            param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            param.setCompressionQuality(JPEG_QUALITY);
            metadata = fullColour(writer.getDefaultImageMetadata(ImageTypeSpecifier.createFromRenderedImage(pixels), param));
        } else if (format == ImageFormat.TIFF) {
            param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            param.setCompressionType("Deflate");
        }
        try (var out = new FileImageOutputStream(path.toFile())) {
            writer.setOutput(out);
            writer.write(null, new IIOImage(pixels, null, metadata), param);
        } finally {
            writer.dispose();
        }
    }

    /** Asks the JPEG writer for as many colour samples as there are pixels (4:4:4), not a quarter. */
    private static IIOMetadata fullColour(IIOMetadata metadata) throws IOException {
        String tree = metadata.getNativeMetadataFormatName();
        IIOMetadataNode root = (IIOMetadataNode) metadata.getAsTree(tree);
        NodeList components = root.getElementsByTagName("componentSpec");
        for (int i = 0; i < components.getLength(); i++) {
            var component = (IIOMetadataNode) components.item(i);
            component.setAttribute("HsamplingFactor", "1");
            component.setAttribute("VsamplingFactor", "1");
        }
        metadata.setFromTree(tree, root);
        return metadata;
    }

    private static String name(ImageFormat format) { return format.name().toLowerCase(Locale.ROOT); }
}
