package dev.faithdiff.restore.tiles;

import dev.faithdiff.image.Image;
import java.util.Arrays;

/** A rectangle {@code [height, width, channels]} of values in host memory. */
public record Patch(int height, int width, int channels, float[] values) {
    /** These values plus the part of an image at the same place, -1..1. */
    public Patch plus(Image image, int top, int left) {
        float[] sum = image.crop(left, top, width, height).toFloats();
        for (int i = 0; i < sum.length; i++) sum[i] += values[i];
        return new Patch(height, width, channels, sum);
    }

    /** Blends the first rows, in place, with the last rows of the patch above, by {@code y/extent} (diffusers AutoencoderKL.blend_v). */
    void fadeFromAbove(Patch above, int extent) {
        int rows = Math.min(extent, Math.min(height, above.height));
        for (int y = 0; y < rows; y++) fade(above, above.height - rows + y, 0, y, 0, width, (double) y / rows);
    }

    /** Blends the first columns, in place, with the last columns of the patch to the left (diffusers AutoencoderKL.blend_h). */
    void fadeFromLeft(Patch left, int extent) {
        int columns = Math.min(extent, Math.min(width, left.width));
        for (int x = 0; x < columns; x++) {
            for (int y = 0; y < height; y++) fade(left, y, left.width - columns + x, y, x, 1, (double) x / columns);
        }
    }

    private void fade(Patch from, int fromRow, int fromColumn, int row, int column, int pixels, double share) {
        float old = (float) (1 - share), own = (float) share;
        int a = (fromRow * from.width + fromColumn) * channels, b = (row * width + column) * channels;
        for (int i = 0; i < pixels * channels; i++) values[b + i] = from.values[a + i] * old + values[b + i] * own;
    }

    /** The first rows and columns, at most so many; this patch itself if it has no more. */
    public Patch topLeft(int rows, int columns) {
        int h = Math.min(rows, height), w = Math.min(columns, width), run = w * channels;
        if (h == height && w == width) return this;
        float[] part = new float[h * run];
        for (int y = 0; y < h; y++) System.arraycopy(values, y * width * channels, part, y * run, run);
        return new Patch(h, w, channels, part);
    }

    /** A part of this patch. */
    Patch part(int top, int left, int h, int w) {
        float[] part = new float[h * w * channels];
        for (int y = 0; y < h; y++) System.arraycopy(values, ((top + y) * width + left) * channels, part, y * w * channels, w * channels);
        return new Patch(h, w, channels, part);
    }

    /** The last rows, at most so many. */
    Patch lastRows(int rows) {
        int h = Math.min(rows, height);
        return new Patch(h, width, channels, Arrays.copyOfRange(values, values.length - h * width * channels, values.length));
    }
}
