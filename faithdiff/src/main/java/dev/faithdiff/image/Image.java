package dev.faithdiff.image;

import java.util.Arrays;

/** An 8-bit RGB image: row-major, three bytes a pixel, of a fixed size. Sizes and positions are in pixels. */
public final class Image {
    private static final float[] FLOAT_OF_BYTE = new float[256];
    static {
        for (int v = 0; v < 256; v++) FLOAT_OF_BYTE[v] = v / 255f * 2f - 1f;
    }

    private final int width;
    private final int height;
    private final byte[] rgb;

    private Image(int width, int height, byte[] rgb) {
        this.width = width;
        this.height = height;
        this.rgb = rgb;
    }

    /**
     * Wraps the array without copying it.
     *
     * @throws ImageError if the size is not positive or the array does not hold 3 * w * h bytes
     */
    public static Image of(int w, int h, byte[] rgb) {
        int bytes = byteCount(w, h);
        if (rgb.length != bytes) {
            throw new ImageError("an image of " + w + "x" + h + " takes " + bytes + " bytes, got " + rgb.length);
        }
        return new Image(w, h, rgb);
    }

    /**
     * The pipeline's output {@code [1, h, w, 3]}, nominally -1..1, as bytes: x/2 + 0.5 clamped to 0..1, times 255, rounded to
     * nearest with ties to even.
     *
     * @throws ImageError if a value is not a number, or the array does not hold 3 * w * h values
     */
    public static Image fromFloats(float[] nhwc, int w, int h) {
        byte[] rgb = blank(w, h);
        if (nhwc.length != rgb.length) {
            throw new ImageError("an image of " + w + "x" + h + " takes " + rgb.length + " values, got " + nhwc.length);
        }
        for (int i = 0; i < rgb.length; i++) {
            float unit = Math.clamp(nhwc[i] / 2f + 0.5f, 0f, 1f);
            if (!Float.isFinite(nhwc[i])) {
                int pixel = i / 3;
                throw new ImageError("the decoded image is not a number at x " + pixel % w + ", y " + pixel / w);
            }
            rgb[i] = (byte) (int) Math.rint(unit * 255f);
        }
        return new Image(w, h, rgb);
    }

    /** A zeroed array for w * h pixels. @throws ImageError if no array can hold them */
    static byte[] blank(int w, int h) { return new byte[byteCount(w, h)]; }

    private static int byteCount(int w, int h) {
        if (w <= 0 || h <= 0) throw new ImageError("an image of " + w + "x" + h + " has no pixels");
        long bytes = 3L * w * h;
        if (bytes > Integer.MAX_VALUE - 8) {
            throw new ImageError("an image of " + w + "x" + h + " takes " + bytes + " bytes, more than one array holds");
        }
        return (int) bytes;
    }

    public int width() { return width; }

    public int height() { return height; }

    /** The pixels themselves, not a copy: do not change them. */
    public byte[] rgb() { return rgb; }

    /** {@code [1, height, width, 3]} in -1..1: v/255*2-1 in float arithmetic, as the published pipeline prepares its input. */
    public float[] toFloats() {
        float[] floats = new float[rgb.length];
        for (int i = 0; i < rgb.length; i++) floats[i] = FLOAT_OF_BYTE[rgb[i] & 0xff];
        return floats;
    }

    /** The part of w x h pixels whose top left corner is (x, y). @throws ImageError if it leaves the image */
    public Image crop(int x, int y, int w, int h) {
        if (x < 0 || y < 0 || w <= 0 || h <= 0 || w > width - x || h > height - y) {
            throw new ImageError("the part " + w + "x" + h + " at (" + x + ", " + y + ") is not inside " + this);
        }
        if (w == width && h == height) return this;
        byte[] part = blank(w, h);
        for (int row = 0; row < h; row++) System.arraycopy(rgb, 3 * ((y + row) * width + x), part, 3 * row * w, 3 * w);
        return new Image(w, h, part);
    }

    /** Repeats the last column and row until both sides are multiples of {@code multiple}: check_image_size of the reference. */
    public Image padTo(int multiple) {
        int w = Math.ceilDiv(width, multiple) * multiple;
        int h = Math.ceilDiv(height, multiple) * multiple;
        if (w == width && h == height) return this;
        byte[] padded = blank(w, h);
        for (int y = 0; y < h; y++) {
            int from = 3 * Math.min(y, height - 1) * width;
            int to = 3 * y * w;
            System.arraycopy(rgb, from, padded, to, 3 * width);
            for (int x = 3 * width; x < 3 * w; x++) padded[to + x] = padded[to + x - 3];
        }
        return new Image(w, h, padded);
    }

    @Override public boolean equals(Object o) {
        return o instanceof Image i && i.width == width && i.height == height && Arrays.equals(i.rgb, rgb);
    }

    @Override public int hashCode() { return 31 * (31 * width + height) + Arrays.hashCode(rgb); }

    @Override public String toString() { return "Image " + width + "x" + height; }
}
