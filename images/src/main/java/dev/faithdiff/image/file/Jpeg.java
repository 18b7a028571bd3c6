package dev.faithdiff.image.file;

import dev.faithdiff.image.Image;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** What JPEG files lose. */
public final class Jpeg {
    private Jpeg() {}

    /** The image as a JPEG file of a quality from 1 to 100 holds it, its colour at half resolution. */
    public static Image compressed(Image image, double quality) {
        if (!(quality >= 1 && quality <= 100)) throw new IllegalArgumentException("JPEG quality goes from 1 to 100, not " + quality);
        return ImageFiles.readPhoto(encode(image, (float) (quality / 100)), "compressed image", true).image();
    }

    private static byte[] encode(Image image, float quality) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ImageWriteParam param = writer.getDefaultWriteParam();
        param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
        param.setCompressionQuality(quality);
        var bytes = new ByteArrayOutputStream();
        try (var out = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(out);
            writer.write(null, new IIOImage(Pixels.of(image, null, false), null, null), param);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }
}
