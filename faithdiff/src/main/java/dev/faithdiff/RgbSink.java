package dev.faithdiff;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.vae.BlendedTiles.Sink;
import dev.faithdiff.vae.Patch;

/** Puts parts {@code [height, width, 3]}, nominally -1..1, together as the bytes of an image: only a part is held as floats. */
record RgbSink(int width, int height, byte[] rgb) implements Sink {
    /** @throws ImageError if no array can hold the image */
    static RgbSink of(long width, long height) {
        if (3 * width * height > Integer.MAX_VALUE - 8) {
            throw new ImageError("the result would be " + width + "x" + height + ", more than this program can hold; use a smaller photo");
        }
        return new RgbSink((int) width, (int) height, new byte[(int) (3 * width * height)]);
    }

    @Override public void put(int top, int left, Patch p) {
        byte[] part = Image.fromFloats(p.values(), p.width(), p.height()).rgb();
        for (int y = 0; y < p.height(); y++) System.arraycopy(part, 3 * y * p.width(), rgb, 3 * ((top + y) * width + left), 3 * p.width());
    }

    Image image() { return Image.of(width, height, rgb); }
}
