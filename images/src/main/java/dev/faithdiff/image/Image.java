package dev.faithdiff.image;

import static java.util.stream.IntStream.range;

import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * An RGB image of 8 or 16 bits a sample: row-major, three samples a pixel, of a fixed size. The low bytes of 16-bit samples lie in an array
 * of their own, so that what works on 8 bits sees the high ones. Sizes and positions are in pixels.
 */
public final class Image {
    private static final float[] FLOAT_OF_BYTE = new float[256];
    static {
        for (int v = 0; v < 256; v++) FLOAT_OF_BYTE[v] = v / 255f * 2f - 1f;
    }

    private final int width;
    private final int height;
    private final byte[] rgb;
    private final byte[] low;

    private Image(int width, int height, byte[] rgb, byte[] low) {
        this.width = width;
        this.height = height;
        this.rgb = rgb;
        this.low = low;
    }

    /**
     * Wraps the array without copying it.
     *
     * @throws ImageError if the size is not positive or the array does not hold 3 * w * h bytes
     */
    public static Image of(int w, int h, byte[] rgb) { return of(w, h, rgb, null); }

    /** As {@link #of(int, int, byte[])}, of 16-bit samples' high and low bytes; no low bytes (null): 8-bit samples. */
    public static Image of(int w, int h, byte[] high, byte[] low) {
        int bytes = byteCount(w, h);
        if (high.length != bytes || low != null && low.length != bytes) {
            int length = high.length != bytes ? high.length : low.length;
            throw new ImageError("an image of " + w + "x" + h + " takes " + bytes + " bytes, got " + length);
        }
        return new Image(w, h, high, low);
    }

    /** As {@link #fromFloats(float[], int, int, int)} with 8 bits a sample. */
    public static Image fromFloats(float[] nhwc, int w, int h) { return fromFloats(nhwc, w, h, 8); }

    /**
     * The pipeline's output {@code [1, h, w, 3]}, nominally -1..1, as samples of 8 or 16 bits: x/2 + 0.5 clamped to 0..1, times the largest
     * sample, rounded to nearest with ties to even.
     *
     * @throws ImageError if a value is not a number, or the array does not hold 3 * w * h values
     */
    public static Image fromFloats(float[] nhwc, int w, int h, int bits) { return fromFloats(nhwc, w, h, bits, false); }

    /** As {@link #fromFloats(float[], int, int, int)}, but samples of 8 bits are cut and not rounded (torchvision's ToPILImage). */
    public static Image cutFloats(float[] nhwc, int w, int h, int bits) { return fromFloats(nhwc, w, h, bits, true); }

    private static Image fromFloats(float[] nhwc, int w, int h, int bits, boolean cut) {
        byte[] rgb = blank(w, h), low = bits == 16 ? blank(w, h) : null;
        if (nhwc.length != rgb.length) {
            throw new ImageError("an image of " + w + "x" + h + " takes " + rgb.length + " values, got " + nhwc.length);
        }
        for (int i = 0; i < rgb.length; i++) {
            float unit = Math.clamp(nhwc[i] / 2f + 0.5f, 0f, 1f);
            if (!Float.isFinite(nhwc[i])) {
                int pixel = i / 3;
                throw new ImageError("the decoded image is not a number at x " + pixel % w + ", y " + pixel / w);
            }
            if (low == null) rgb[i] = (byte) (int) (cut ? unit * 255f : Math.rint(unit * 255f));
            else put((int) Math.rint(unit * 65535f), rgb, low, i);
        }
        return new Image(w, h, rgb, low);
    }

    /** Sets sample {@code i} of 16 bits. */
    public static void put(int sample, byte[] high, byte[] low, int i) {
        high[i] = (byte) (sample >> 8);
        low[i] = (byte) sample;
    }

    /** A zeroed array for w * h pixels. @throws ImageError if no array can hold them */
    public static byte[] blank(int w, int h) { return new byte[byteCount(w, h)]; }

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

    /** 8 or 16 bits a sample. */
    public int bits() { return low == null ? 8 : 16; }

    /** The 8-bit samples, or the high bytes of the 16-bit ones; the array itself, not a copy: do not change it. */
    public byte[] rgb() { return rgb; }

    /** The low bytes of 16-bit samples, null for 8 bits; not a copy. */
    public byte[] low() { return low; }

    /** Sample {@code i}, 0..255 or 0..65535. */
    public int sample(int i) { return low == null ? rgb[i] & 0xff : (rgb[i] & 0xff) << 8 | low[i] & 0xff; }

    /** Each sample rounded to 8 bits. */
    public Image to8Bits() {
        if (low == null) return this;
        byte[] rounded = new byte[rgb.length];
        for (int i = 0; i < rounded.length; i++) rounded[i] = (byte) ((sample(i) + 128) / 257);
        return new Image(width, height, rounded, null);
    }

    /** Whether each pixel's three samples are equal. */
    public boolean isGrey() {
        for (int i = 0; i < rgb.length; i += 3) {
            if (sample(i) != sample(i + 1) || sample(i) != sample(i + 2)) return false;
        }
        return true;
    }

    /** Each pixel's luma (ITU-R BT.601, rounded) in all three samples. */
    public Image toGrey() {
        byte[] high = new byte[rgb.length], lows = low == null ? null : new byte[rgb.length];
        for (int i = 0; i < rgb.length; i++) {
            int p = i - i % 3;
            int luma = (int) ((299L * sample(p) + 587L * sample(p + 1) + 114L * sample(p + 2) + 500) / 1000);
            if (lows == null) high[i] = (byte) luma;
            else put(luma, high, lows, i);
        }
        return new Image(width, height, high, lows);
    }

    /**
     * {@code [1, height, width, 3]} in -1..1: v/255*2-1 in float arithmetic, as the published pipeline prepares its input; 16-bit samples
     * are v/65535*2-1.
     */
    public float[] toFloats() {
        float[] floats = new float[rgb.length];
        for (int i = 0; i < rgb.length; i++) floats[i] = low == null ? FLOAT_OF_BYTE[rgb[i] & 0xff] : sample(i) / 65535f * 2f - 1f;
        return floats;
    }

    /** {@link #toFloats} as a tensor on the CPU in the current scope. */
    public Tensor toTensor() { return Tensor.of(toFloats(), 1, height, width, 3); }

    /** The part of w x h pixels whose top left corner is (x, y). @throws ImageError if it leaves the image */
    public Image crop(int x, int y, int w, int h) {
        if (x < 0 || y < 0 || w <= 0 || h <= 0 || w > width - x || h > height - y) {
            throw new ImageError("the part " + w + "x" + h + " at (" + x + ", " + y + ") is not inside " + this);
        }
        if (w == width && h == height) return this;
        return new Image(w, h, crop(rgb, x, y, w, h), low == null ? null : crop(low, x, y, w, h));
    }

    private byte[] crop(byte[] from, int x, int y, int w, int h) {
        byte[] part = blank(w, h);
        for (int row = 0; row < h; row++) System.arraycopy(from, 3 * ((y + row) * width + x), part, 3 * row * w, 3 * w);
        return part;
    }

    /** The image continued on all four sides by so many pixels of its mirror image. */
    public Image mirrored(int margin) { return mirrored(margin, margin); }

    /** The image continued by its mirror image. @param x by how many pixels left and right. @param y above and below */
    public Image mirrored(int x, int y) {
        if (x == 0 && y == 0) return this;
        return taken(range(-x, width + x).map(i -> mirror(i, width)).toArray(), range(-y, height + y).map(i -> mirror(i, height)).toArray());
    }

    /**
     * The part of w x h pixels at (x, y) of an image that goes on beyond its edges: along the axes of {@code wrap} with its other end, else with
     * its last pixels.
     */
    public Image part(int x, int y, int w, int h, Wrap wrap) {
        if (x >= 0 && y >= 0 && w <= width - x && h <= height - y) return crop(x, y, w, h);
        return taken(range(x, x + w).map(i -> wrap.x() ? Math.floorMod(i, width) : Math.clamp(i, 0, width - 1)).toArray(),
                range(y, y + h).map(i -> wrap.y() ? Math.floorMod(i, height) : Math.clamp(i, 0, height - 1)).toArray());
    }

    private Image taken(int[] columns, int[] rows) {
        return new Image(columns.length, rows.length, taken(rgb, columns, rows), low == null ? null : taken(low, columns, rows));
    }

    private byte[] taken(byte[] in, int[] columns, int[] rows) {
        byte[] all = blank(columns.length, rows.length);
        int to = 0;
        for (int row : rows) {
            for (int column : columns) {
                System.arraycopy(in, 3 * (row * width + column), all, to, 3);
                to += 3;
            }
        }
        return all;
    }

    private static int mirror(int at, int side) {
        int i = Math.floorMod(at, 2 * side);
        return Math.min(i, 2 * side - 1 - i);
    }

    /** Repeats the last column and row until both sides are multiples of {@code multiple}: check_image_size of the reference. */
    public Image padTo(int multiple) {
        int w = Math.ceilDiv(width, multiple) * multiple;
        int h = Math.ceilDiv(height, multiple) * multiple;
        if (w == width && h == height) return this;
        return new Image(w, h, pad(rgb, w, h), low == null ? null : pad(low, w, h));
    }

    private byte[] pad(byte[] in, int w, int h) {
        byte[] padded = blank(w, h);
        for (int y = 0; y < h; y++) {
            int from = 3 * Math.min(y, height - 1) * width;
            int to = 3 * y * w;
            System.arraycopy(in, from, padded, to, 3 * width);
            for (int x = 3 * width; x < 3 * w; x++) padded[to + x] = padded[to + x - 3];
        }
        return padded;
    }

    /** The image as a camera of an EXIF orientation (1 to 8, tag 0x0112) stores it, turned upright; 1 to 4 undo themselves. */
    public Image upright(int orientation) {
        if (orientation == 1) return this;
        boolean swapped = orientation >= 5;
        boolean fromRight = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
        boolean fromBottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
        int w = swapped ? height : width, h = swapped ? width : height;
        byte[] high = blank(w, h), lows = low == null ? null : blank(w, h);
        for (int y = 0, to = 0; y < h; y++) {
            for (int x = 0; x < w; x++, to += 3) {
                int column = swapped ? y : x, row = swapped ? x : y;
                if (fromRight) column = width - 1 - column;
                if (fromBottom) row = height - 1 - row;
                int from = 3 * (row * width + column);
                System.arraycopy(rgb, from, high, to, 3);
                if (lows != null) System.arraycopy(low, from, lows, to, 3);
            }
        }
        return of(w, h, high, lows);
    }

    /** Each sample the mean of the images', rounded. @throws ImageError if sizes or bits differ */
    public static Image mean(List<Image> images) {
        Image first = images.getFirst();
        int[] sums = new int[first.rgb.length];
        for (Image image : images) {
            first.requireAlike(image);
            for (int i = 0; i < sums.length; i++) sums[i] += image.sample(i);
        }
        return first.made(i -> (sums[i] + images.size() / 2) / images.size());
    }

    /** Each sample {@code share} of this image's and else the other's, rounded. @throws ImageError if sizes or bits differ */
    public Image mix(Image other, double share) {
        requireAlike(other);
        return share == 1 ? this : made(i -> (int) Math.round(share * sample(i) + (1 - share) * other.sample(i)));
    }

    private void requireAlike(Image other) {
        if (width == other.width && height == other.height && bits() == other.bits()) return;
        throw new ImageError("images of one size and kind are mixed, got " + this + " and " + other);
    }

    /** An image of this size and kind. */
    private Image made(IntUnaryOperator sample) {
        byte[] high = new byte[rgb.length], lows = low == null ? null : new byte[rgb.length];
        for (int i = 0; i < high.length; i++) {
            int v = sample.applyAsInt(i);
            if (lows == null) high[i] = (byte) v;
            else put(v, high, lows, i);
        }
        return new Image(width, height, high, lows);
    }

    @Override public boolean equals(Object o) {
        return o instanceof Image i && i.width == width && i.height == height && Arrays.equals(i.rgb, rgb) && Arrays.equals(i.low, low);
    }

    @Override public int hashCode() { return 31 * (31 * width + height) + Arrays.hashCode(rgb); }

    @Override public String toString() { return "Image " + width + "x" + height + (low == null ? "" : " of 16 bits"); }
}
