package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static dev.faithdiff.kernels.cpu.Vec.store;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.PoolOp;
import jdk.incubator.vector.FloatVector;

/** Pooling of F32, a vector of channels at a time. */
public final class PoolVector implements Kernel<PoolOp> {
    /** The part of a window that lies in the map, with the address of its first pixel and its first Hann weights. */
    record Window(PoolOp op, long pixels, int rows, int columns, long line, int channels, float[] down, float[] across, int downAt, int acrossAt) {
        static Window of(PoolOp op, Tensor x, long image, int oy, int ox, float[] down, float[] across) {
            int top = oy * op.stride() - op.padding();
            int left = ox * op.stride() - op.padding();
            int channels = x.size(3);
            int y = Math.max(top, 0), first = Math.max(left, 0);
            long line = 4L * x.size(2) * channels;
            return new Window(op, x.address() + (image * x.size(1) + y) * line + 4L * first * channels, Math.min(top + op.height(), x.size(1)) - y,
                    Math.min(left + op.width(), x.size(2)) - first, line, channels, down, across, y - top, first - left);
        }

        /** Where a pixel's channel lies. */
        long at(int row, int column, int channel) { return pixels + row * line + 4L * (column * channels + channel); }

        float weight(int row, int column) { return down[downAt + row] * across[acrossAt + column]; }

        float share() { return 1f / (rows * columns); }
    }

    @Override public Class<PoolOp> op() { return PoolOp.class; }

    @Override public String refuses(PoolOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override public void run(PoolOp op, Tensor[] in, Tensor out) {
        int height = out.size(1), width = out.size(2), channels = out.size(3);
        float[] down = hann(op.height()), across = hann(op.width());
        Pieces.rows((long) out.size(0) * height, (long) width * channels * op.height() * op.width(), (first, rows) -> {
            for (long r = first; r < first + rows; r++) {
                for (int ox = 0; ox < width; ox++) {
                    pixel(Window.of(op, in[0], r / height, (int) (r % height), ox, down, across), out.address() + 4 * (r * width + ox) * channels);
                }
            }
        });
    }

    static float[] hann(int size) {
        double[] exact = PoolOp.hann(size);
        float[] w = new float[size];
        for (int i = 0; i < size; i++) w[i] = (float) exact[i];
        return w;
    }

    private static void pixel(Window w, long y) {
        int whole = w.channels / LANES * LANES;
        switch (w.op.kind()) {
            case MAX -> {
                for (int c = 0; c < whole; c += LANES) store(max(w, c), y + 4L * c);
            }
            case MEAN -> {
                for (int c = 0; c < whole; c += LANES) store(sum(w, c).mul(w.share()), y + 4L * c);
            }
            case L2 -> {
                for (int c = 0; c < whole; c += LANES) store(root(w, c), y + 4L * c);
            }
        }
        for (int c = whole; c < w.channels; c++) Vec.set(y + 4L * c, one(w, c));
    }

    static FloatVector max(Window w, int channel) {
        FloatVector max = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        for (int r = 0; r < w.rows; r++) for (int s = 0; s < w.columns; s++) max = max.max(load(w.at(r, s, channel)));
        return max;
    }

    private static FloatVector sum(Window w, int channel) {
        FloatVector sum = FloatVector.zero(F);
        for (int r = 0; r < w.rows; r++) for (int s = 0; s < w.columns; s++) sum = sum.add(load(w.at(r, s, channel)));
        return sum;
    }

    /** The root of the weighted sum of squares. */
    static FloatVector root(Window w, int channel) {
        FloatVector sum = FloatVector.broadcast(F, (float) PoolOp.L2_EPS);
        for (int r = 0; r < w.rows; r++) {
            for (int s = 0; s < w.columns; s++) {
                FloatVector v = load(w.at(r, s, channel));
                sum = v.mul(v).fma(FloatVector.broadcast(F, w.weight(r, s)), sum);
            }
        }
        return sum.sqrt();
    }

    /** The same in one channel. */
    static float one(Window w, int channel) {
        float max = Float.NEGATIVE_INFINITY, sum = 0, squares = (float) PoolOp.L2_EPS;
        for (int r = 0; r < w.rows; r++) {
            for (int s = 0; s < w.columns; s++) {
                float v = Vec.get(w.at(r, s, channel));
                max = Math.max(max, v);
                sum += v;
                squares = Math.fma(v * v, w.weight(r, s), squares);
            }
        }
        return switch (w.op.kind()) {
            case MAX -> max;
            case MEAN -> sum * w.share();
            case L2 -> (float) Math.sqrt(squares);
        };
    }
}
