package dev.faithdiff.image;

import dev.faithdiff.tensor.Tensor;

/** An RGB image in float32, nominally 0..1: row-major, three values a pixel. Sizes are in pixels; the array is not copied. */
public record FloatImage(int width, int height, float[] rgb) {
    /** @throws ImageError if the size is not positive or the array does not hold 3 * width * height values */
    public FloatImage {
        if (width <= 0 || height <= 0 || rgb.length != 3L * width * height) {
            throw new ImageError("an image of " + width + "x" + height + " cannot have " + rgb.length + " values");
        }
    }

    /** Samples of 8 bits over 255, of 16 bits over 65535. */
    public static FloatImage of(Image image) {
        float[] rgb = new float[image.rgb().length];
        float most = image.bits() == 16 ? 65535 : 255;
        for (int i = 0; i < rgb.length; i++) rgb[i] = image.sample(i) / most;
        return new FloatImage(image.width(), image.height(), rgb);
    }

    /** The image of a tensor {@code [1, height, width, 3]} of any device. */
    public static FloatImage of(Tensor x) { return new FloatImage(x.size(2), x.size(1), x.toFloats()); }

    /** {@code [1, height, width, 3]} with the same values, on the CPU in the current scope. */
    public Tensor toTensor() { return Tensor.of(rgb, 1, height, width, 3); }

    /** Rounded to 8 bits, ties to even, and clamped. */
    public Image toImage() {
        byte[] bytes = new byte[rgb.length];
        for (int i = 0; i < rgb.length; i++) bytes[i] = (byte) Math.clamp((int) Math.rint(rgb[i] * 255f), 0, 255);
        return Image.of(width, height, bytes);
    }

    /** Clamped, and cut to 8 bits or rounded to 16. @throws ImageError if a value is not a number */
    public Image cut(int bits) {
        byte[] high = new byte[rgb.length], low = bits == 16 ? new byte[rgb.length] : null;
        for (int i = 0; i < rgb.length; i++) {
            if (!Float.isFinite(rgb[i])) throw new ImageError("the decoded image is not a number at x " + i / 3 % width + ", y " + i / 3 / width);
            float unit = Math.clamp(rgb[i], 0f, 1f);
            if (low == null) high[i] = (byte) (int) (unit * 255f);
            else Image.put((int) Math.rint(unit * 65535f), high, low, i);
        }
        return Image.of(width, height, high, low);
    }

    /** The first columns and rows. */
    public FloatImage topLeft(int w, int h) { return framed(Math.min(w, width), Math.min(h, height)); }

    /** With black at the right and below, so that both sides are multiples of a number. */
    public FloatImage padTo(int multiple) {
        int w = Math.ceilDiv(width, multiple) * multiple, h = Math.ceilDiv(height, multiple) * multiple;
        return framed(w, h);
    }

    /** So many columns and rows from the first on, with black beyond the last. */
    public FloatImage framed(int w, int h) {
        if (w == width && h == height) return this;
        float[] part = new float[Image.blank(w, h).length];
        for (int y = 0; y < Math.min(h, height); y++) System.arraycopy(rgb, 3 * y * width, part, 3 * y * w, 3 * Math.min(w, width));
        return new FloatImage(w, h, part);
    }

    /** So many columns and rows from the first on, with the mirror image beyond the last, which is not repeated. At most twice the size, less 1. */
    public FloatImage reflected(int w, int h) {
        if (w == width && h == height) return this;
        float[] all = new float[Image.blank(w, h).length];
        for (int y = 0; y < h; y++) {
            int row = 3 * width * (y < height ? y : 2 * (height - 1) - y);
            for (int x = 0; x < w; x++) System.arraycopy(rgb, row + 3 * (x < width ? x : 2 * (width - 1) - x), all, 3 * (y * w + x), 3);
        }
        return new FloatImage(w, h, all);
    }

    /** The part of w x h pixels at (x, y), which lies inside. */
    public FloatImage part(int x, int y, int w, int h) {
        float[] part = new float[Image.blank(w, h).length];
        for (int row = 0; row < h; row++) System.arraycopy(rgb, 3 * ((y + row) * width + x), part, 3 * row * w, 3 * w);
        return new FloatImage(w, h, part);
    }

    /**
     * Resized by the cubic filter, which widens where the image shrinks (torch.nn.functional.interpolate, bicubic with antialias): as
     * {@link Resize}, without rounding.
     */
    public FloatImage resized(int w, int h) { return w == width && h == height ? this : SmoothResize.resized(this, w, h); }

    /** Each value times a scale, plus a shift. */
    public FloatImage affine(float scale, float shift) {
        float[] all = new float[rgb.length];
        for (int i = 0; i < all.length; i++) all[i] = rgb[i] * scale + shift;
        return new FloatImage(width, height, all);
    }

    @Override public String toString() { return "FloatImage " + width + "x" + height; }
}
