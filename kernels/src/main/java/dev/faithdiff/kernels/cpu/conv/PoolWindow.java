package dev.faithdiff.kernels.cpu.conv;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.PoolOp;

/** The part of a pooling window that lies inside the map. A task moves one such object over the map. */
final class PoolWindow {
    final PoolOp.Kind kind;
    /** Channels of the map, and bytes from one of its rows to the next. */
    final int channels;
    final long line;
    /** Address of its first pixel, its first row of the map, and its size. */
    long pixels;
    int top, rows, columns;
    private final PoolOp op;
    private final Tensor map;
    private final float[] down, across; // Hann weights of a whole window
    private int above, before;          // its rows and columns before the map's edge

    PoolWindow(PoolOp op, Tensor map) {
        this.op = op;
        this.map = map;
        kind = op.kind();
        channels = map.size(3);
        line = 4L * map.size(2) * channels;
        down = floats(PoolOp.hann(op.height()));
        across = floats(PoolOp.hann(op.width()));
    }

    private static float[] floats(double[] exact) {
        float[] f = new float[exact.length];
        for (int i = 0; i < f.length; i++) f[i] = (float) exact[i];
        return f;
    }

    /** Moves to the window of a pixel of the result. */
    void move(long image, int row, int column) {
        int corner = row * op.stride() - op.padding(), left = column * op.stride() - op.padding();
        above = Math.max(-corner, 0);
        before = Math.max(-left, 0);
        top = corner + above;
        rows = Math.min(op.height(), map.size(1) - corner) - above;
        columns = Math.min(op.width(), map.size(2) - left) - before;
        pixels = map.address() + (image * map.size(1) + top) * line + 4L * (left + before) * channels;
    }

    /** The weight of a pixel in L2 pooling. */
    float weight(int row, int column) { return down[above + row] * across[before + column]; }

    /** The weight of each pixel in MEAN pooling. */
    float share() { return 1f / (rows * columns); }

    /** The value in one channel, for channels that do not fill a vector. */
    float value(int channel) {
        float max = Float.NEGATIVE_INFINITY, sum = 0, squares = (float) PoolOp.L2_EPS;
        for (int r = 0; r < rows; r++) {
            for (int s = 0; s < columns; s++) {
                float v = Vec.get(pixels + r * line + 4L * (s * channels + channel));
                max = Math.max(max, v);
                sum += v;
                squares = Math.fma(v * v, weight(r, s), squares);
            }
        }
        return switch (kind) {
            case MAX -> max;
            case MEAN -> sum * share();
            case L2 -> (float) Math.sqrt(squares);
        };
    }
}
