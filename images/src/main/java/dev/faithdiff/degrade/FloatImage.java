package dev.faithdiff.degrade;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;

/** An RGB image in float32, nominally 0..1: row-major, three values a pixel. Sizes are in pixels; the array is not copied. */
public record FloatImage(int width, int height, float[] rgb) {
    /** @throws ImageError if the size is not positive or the array does not hold 3 * width * height values */
    public FloatImage {
        if (width <= 0 || height <= 0 || rgb.length != 3L * width * height) {
            throw new ImageError("an image of " + width + "x" + height + " cannot have " + rgb.length + " values");
        }
    }

    public static FloatImage of(Image image) {
        float[] rgb = new float[image.rgb().length];
        for (int i = 0; i < rgb.length; i++) rgb[i] = (image.rgb()[i] & 0xff) / 255f;
        return new FloatImage(image.width(), image.height(), rgb);
    }

    /** Rounded to 8 bits, ties to even, and clamped. */
    public Image toImage() {
        byte[] bytes = new byte[rgb.length];
        for (int i = 0; i < rgb.length; i++) bytes[i] = (byte) Math.clamp((int) Math.rint(rgb[i] * 255f), 0, 255);
        return Image.of(width, height, bytes);
    }

    @Override public String toString() { return "FloatImage " + width + "x" + height; }
}
