package dev.faithdiff.spark;

import dev.faithdiff.image.file.Encoding;
import dev.faithdiff.image.file.ImageFormat;
import java.io.Serializable;

/**
 * A photo to restore.
 *
 * @param in      where it lies
 * @param out     where the result goes
 * @param format  of the result
 * @param quality of a JPEG
 * @param seed    null: that of the options
 */
record PhotoTask(String in, String out, ImageFormat format, int quality, Long seed) implements Serializable {
    Encoding encoding() { return new Encoding(format, quality); }
}
