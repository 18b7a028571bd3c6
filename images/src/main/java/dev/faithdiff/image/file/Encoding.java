package dev.faithdiff.image.file;

import java.nio.file.Path;

/**
 * How a photo is written.
 *
 * @param format      one that can be written: not BMP and GIF
 * @param jpegQuality 1 to 100, of JPEG alone
 */
public record Encoding(ImageFormat format, int jpegQuality) {
    public static final int INITIAL_JPEG_QUALITY = 95;

    public Encoding {
        if (!format.written()) throw new IllegalArgumentException(format + " files are read, not written");
        if (jpegQuality < 1 || jpegQuality > 100) throw new IllegalArgumentException("JPEG quality goes from 1 to 100, not " + jpegQuality);
    }

    public Encoding(ImageFormat format) { this(format, INITIAL_JPEG_QUALITY); }

    /** By the name's extension, PNG without one. @throws dev.faithdiff.image.ImageError if it is unknown or only read */
    public static Encoding of(Path path) { return new Encoding(ImageFormat.toWrite(path)); }
}
