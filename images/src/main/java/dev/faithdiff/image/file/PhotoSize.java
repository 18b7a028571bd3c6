package dev.faithdiff.image.file;

import dev.faithdiff.image.ImageError;
import java.io.IOException;
import java.io.InputStream;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/** How large the first picture of a file is, in pixels as they are stored: of a photo that lies on its side, height is width. */
public record PhotoSize(int width, int height) {
    private static final int SIGNATURE = 12;

    /**
     * Reads the head of a file, of most formats some thousand bytes. Nothing says that the rest of it can be read.
     *
     * @param in   stays open
     * @param name what messages call it
     * @throws ImageError if it is no photo of a format that is read
     */
    public static PhotoSize of(InputStream in, String name) {
        try (ImageInputStream file = new MemoryCacheImageInputStream(in)) {
            byte[] head = new byte[SIGNATURE];
            file.readFully(head);
            file.seek(0);
            ImageReader reader = PictureDecoder.reader(ImageFormat.of(head, name));
            try {
                reader.setInput(file, true, true);
                return new PhotoSize(reader.getWidth(0), reader.getHeight(0));
            } finally {
                reader.dispose();
            }
        } catch (IOException | RuntimeException e) {
            throw e instanceof ImageError known ? known : new ImageError("cannot read the size of " + name + ": " + ImageFiles.reason(e), e);
        }
    }
}
