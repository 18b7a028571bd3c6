package dev.faithdiff.restore.tiles;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;

/**
 * Puts parts {@code [height, width, 3]}, nominally -1..1, together as an image of 8 or 16 bits a sample. Only a part is held as floats.
 *
 * @param rgb the samples, or the high bytes of 16-bit samples
 * @param low the low bytes of 16-bit samples, or null
 * @param cuts whether samples of 8 bits are cut and not rounded
 */
public record RgbSink(int width, int height, byte[] rgb, byte[] low, boolean cuts) implements TileSink {
    /** An empty image. @param bits 8 or 16. @throws ImageError if no array can hold the image */
    public static RgbSink of(long width, long height, int bits) { return of(width, height, bits, false); }

    /** As {@link #of(long, long, int)}. @param cuts see {@link Image#cutFloats} */
    public static RgbSink of(long width, long height, int bits, boolean cuts) {
        if (3 * width * height > Integer.MAX_VALUE - 8) {
            throw new ImageError("the result would be " + width + "x" + height + ", more than this program can hold; use a smaller photo");
        }
        int samples = (int) (3 * width * height);
        return new RgbSink((int) width, (int) height, new byte[samples], bits == 16 ? new byte[samples] : null, cuts);
    }

    @Override public void put(int top, int left, Patch p) {
        int bits = low == null ? 8 : 16;
        Image part = cuts ? Image.cutFloats(p.values(), p.width(), p.height(), bits) : Image.fromFloats(p.values(), p.width(), p.height(), bits);
        for (int y = 0; y < p.height(); y++) {
            int from = 3 * y * p.width(), to = 3 * ((top + y) * width + left);
            System.arraycopy(part.rgb(), from, rgb, to, 3 * p.width());
            if (low != null) System.arraycopy(part.low(), from, low, to, 3 * p.width());
        }
    }

    /** The image, once it has all its parts. */
    public Image image() { return Image.of(width, height, rgb, low); }
}
