package dev.faithdiff.kernels.cpu.conv;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static dev.faithdiff.kernels.cpu.Vec.store;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.PoolOp;
import jdk.incubator.vector.FloatVector;

/** Pooling of F32, a vector of channels at a time. */
public final class PoolVector implements Kernel<PoolOp> {
    @Override public Class<PoolOp> op() { return PoolOp.class; }

    @Override public String refuses(PoolOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override public void run(PoolOp op, Tensor[] in, Tensor out) {
        int height = out.size(1), width = out.size(2);
        int channels = out.size(3);
        Chunks.rows((long) out.size(0) * height, (long) width * channels * op.height() * op.width(), (first, rows) -> {
            PoolWindow w = new PoolWindow(op, in[0]);
            for (long r = first; r < first + rows; r++) {
                for (int column = 0; column < width; column++) {
                    w.move(r / height, (int) (r % height), column);
                    pixel(w, out.address() + 4 * (r * width + column) * channels);
                }
            }
        });
    }

    private static void pixel(PoolWindow w, long y) {
        int whole = w.channels / LANES * LANES;
        switch (w.kind) {
            case MAX -> max(w, whole, y);
            case MEAN -> mean(w, whole, y);
            case L2 -> root(w, whole, y);
        }
        for (int c = whole; c < w.channels; c++) Vec.set(y + 4L * c, w.value(c));
    }

    private static void max(PoolWindow w, int channels, long y) {
        long x = w.pixels, line = w.line, pixel = 4L * w.channels;
        int rows = w.rows, columns = w.columns;
        for (long c = 0; c < 4L * channels; c += 4 * LANES) {
            FloatVector max = load(x + c);
            for (int r = 0; r < rows; r++) for (int s = 0; s < columns; s++) max = max.max(load(x + r * line + s * pixel + c));
            store(max, y + c);
        }
    }

    private static void mean(PoolWindow w, int channels, long y) {
        long x = w.pixels, line = w.line, pixel = 4L * w.channels;
        int rows = w.rows, columns = w.columns;
        float share = w.share();
        for (long c = 0; c < 4L * channels; c += 4 * LANES) {
            FloatVector sum = FloatVector.zero(F);
            for (int r = 0; r < rows; r++) for (int s = 0; s < columns; s++) sum = sum.add(load(x + r * line + s * pixel + c));
            store(sum.mul(share), y + c);
        }
    }

    private static void root(PoolWindow w, int channels, long y) {
        long x = w.pixels, line = w.line, pixel = 4L * w.channels;
        int rows = w.rows, columns = w.columns;
        for (long c = 0; c < 4L * channels; c += 4 * LANES) {
            FloatVector sum = FloatVector.broadcast(F, (float) PoolOp.L2_EPS);
            for (int r = 0; r < rows; r++) {
                for (int s = 0; s < columns; s++) {
                    FloatVector v = load(x + r * line + s * pixel + c);
                    sum = v.mul(v).fma(FloatVector.broadcast(F, w.weight(r, s)), sum);
                }
            }
            store(sum.sqrt(), y + c);
        }
    }
}
