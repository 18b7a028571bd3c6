package dev.faithdiff.restore;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.ResizeOp;
import java.util.Arrays;

/** A number for each pixel, row by row, such as how much a network looked at a word there. */
public record HeatMap(int width, int height, float[] values) {
    /** The corners of the colour map "jet" of Matplotlib: for red, green and blue pairs of a place from 0 to 1 and the strength there. */
    private static final double[][] JET = {{0, 0, 0.35, 0, 0.66, 1, 0.89, 1, 1, 0.5}, {0, 0, 0.125, 0, 0.375, 1, 0.64, 1, 0.91, 0, 1, 0},
            {0, 0.5, 0.11, 1, 0.34, 1, 0.65, 0, 1, 0}};

    public HeatMap {
        if ((long) width * height != values.length) throw new ImageError(values.length + " numbers do not fill " + width + "x" + height);
    }

    /** This map at another size, by the bicubic interpolation of PyTorch. */
    public HeatMap resized(int w, int h) {
        if (w == width && h == height) return this;
        try (Scope _ = Scope.open()) {
            Tensor map = Tensor.of(values, 1, height, width, 1);
            return new HeatMap(w, h, map.resize(new ResizeOp(ResizeOp.Kind.BICUBIC, false, h, w)).toFloats());
        }
    }

    /** A part of this map. */
    public HeatMap crop(int left, int top, int w, int h) {
        if (w == width && h == height) return this;
        float[] part = new float[w * h];
        for (int y = 0; y < h; y++) System.arraycopy(values, (top + y) * width + left, part, y * w, w);
        return new HeatMap(w, h, part);
    }

    /** The smallest number. */
    public float min() { return extreme(false); }

    /** The largest number. */
    public float max() { return extreme(true); }

    private float extreme(boolean largest) {
        float found = values[0];
        for (float v : values) found = largest ? Math.max(found, v) : Math.min(found, v);
        return found;
    }

    /**
     * An image of the same size with this map over it (DAAM's plot_overlay_heat_map): from the smallest number to the largest, colours go from blue
     * over green to red, and the image shows through the less, the larger the number is.
     */
    public Image over(Image image) {
        if (image.width() != width || image.height() != height) throw new ImageError("a map of " + width + "x" + height + " does not fit " + image);
        byte[] rgb = image.to8Bits().rgb().clone();
        double least = min(), range = Math.max(max() - least, 1e-8);
        for (int i = 0; i < values.length; i++) {
            double heat = (values[i] - least) / range;
            for (int c = 0; c < 3; c++) {
                double photo = rgb[3 * i + c] & 0xff, colour = 255 * jet(JET[c], heat);
                rgb[3 * i + c] = (byte) Math.round(photo + (colour - photo) * heat);
            }
        }
        return Image.of(width, height, rgb);
    }

    private static double jet(double[] corners, double x) {
        int i = 0;
        while (i + 4 < corners.length && x > corners[i + 2]) i += 2;
        return corners[i + 1] + (corners[i + 3] - corners[i + 1]) * (x - corners[i]) / (corners[i + 2] - corners[i]);
    }

    @Override public boolean equals(Object o) {
        return o instanceof HeatMap m && width == m.width && height == m.height && Arrays.equals(values, m.values);
    }

    @Override public int hashCode() { return Arrays.hashCode(values); }
}
