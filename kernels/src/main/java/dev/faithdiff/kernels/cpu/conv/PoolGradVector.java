package dev.faithdiff.kernels.cpu.conv;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static dev.faithdiff.kernels.cpu.Vec.store;

import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.PoolOp;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Gradients of pooling. Each task has a band of rows of the map, and adds to them the gradients of all windows that reach into the band. */
public final class PoolGradVector implements Kernel<PoolOp.Grad> {
    private static final int BAND = 8; // rows

    @Override public Class<PoolOp.Grad> op() { return PoolOp.Grad.class; }

    @Override public String refuses(PoolOp.Grad op, Tensor[] in) {
        return in[0].dtype() == DType.F32 && in[1].dtype() == DType.F32 ? null : "takes F32";
    }

    @Override public void run(PoolOp.Grad op, Tensor[] in, Tensor out) {
        Tensor x = in[0], g = in[1];
        PoolOp of = op.of();
        int channels = x.size(3), height = x.size(1);
        int bands = Math.ceilDiv(height, BAND);
        Parallel.run(x.size(0) * bands, task -> {
            PoolWindow w = new PoolWindow(of, x);
            long image = task / bands;
            int top = task % bands * BAND, bottom = Math.min(top + BAND, height);
            Copy.zero(out.address() + (image * height + top) * w.line, (bottom - top) * w.line);
            int first = Math.max(0, Math.ceilDiv(top + of.padding() - of.height() + 1, of.stride()));
            int last = Math.min(g.size(1) - 1, (bottom - 1 + of.padding()) / of.stride());
            for (int row = first; row <= last; row++) {
                for (int column = 0; column < g.size(2); column++) {
                    w.move(image, row, column);
                    long grad = g.address() + 4 * ((image * g.size(1) + row) * g.size(2) + column) * channels;
                    spread(w, grad, out.address() - x.address(), top, bottom);
                }
            }
        });
    }

    /** Adds a window's gradient to rows top..bottom of the map. @param way bytes from a pixel of x to that of its gradient */
    private static void spread(PoolWindow w, long grad, long way, int top, int bottom) {
        int from = Math.max(top - w.top, 0), to = Math.min(bottom - w.top, w.rows);
        int c = 0;
        for (; c <= w.channels - LANES; c += LANES) {
            switch (w.kind) {
                case MAX -> max(w, from, to, grad + 4L * c, way, 4L * c);
                case MEAN -> mean(w, from, to, grad + 4L * c, way, 4L * c);
                case L2 -> root(w, from, to, grad + 4L * c, way, 4L * c);
            }
        }
        for (; c < w.channels; c++) one(w, from, to, Vec.get(grad + 4L * c), way, c);
    }

    /** The gradient goes to the first pixel that has the maximum. */
    private static void max(PoolWindow w, int from, int to, long grad, long way, long c) {
        long x = w.pixels + c, line = w.line, pixel = 4L * w.channels;
        int rows = w.rows, columns = w.columns;
        FloatVector max = load(x), g = load(grad), zero = FloatVector.zero(F);
        for (int r = 0; r < rows; r++) for (int s = 0; s < columns; s++) max = max.max(load(x + r * line + s * pixel));
        for (int r = 0; r < rows; r++) {
            for (int s = 0; s < columns; s++) {
                long at = x + r * line + s * pixel;
                VectorMask<Float> here = load(at).compare(VectorOperators.EQ, max);
                if (r >= from && r < to) store(load(at + way).add(zero.blend(g, here)), at + way);
                g = g.blend(zero, here);
            }
        }
    }

    private static void mean(PoolWindow w, int from, int to, long grad, long way, long c) {
        long x = w.pixels + c + way, line = w.line, pixel = 4L * w.channels;
        int columns = w.columns;
        FloatVector g = load(grad).mul(w.share());
        for (int r = from; r < to; r++) {
            for (int s = 0; s < columns; s++) {
                long at = x + r * line + s * pixel;
                store(load(at).add(g), at);
            }
        }
    }

    private static void root(PoolWindow w, int from, int to, long grad, long way, long c) {
        long x = w.pixels + c, line = w.line, pixel = 4L * w.channels;
        int rows = w.rows, columns = w.columns;
        FloatVector sum = FloatVector.broadcast(F, (float) PoolOp.L2_EPS);
        for (int r = 0; r < rows; r++) {
            for (int s = 0; s < columns; s++) {
                FloatVector v = load(x + r * line + s * pixel);
                sum = v.mul(v).fma(FloatVector.broadcast(F, w.weight(r, s)), sum);
            }
        }
        FloatVector g = load(grad).div(sum.sqrt());
        for (int r = from; r < to; r++) {
            for (int s = 0; s < columns; s++) {
                long at = x + r * line + s * pixel;
                store(load(at).mul(w.weight(r, s)).fma(g, load(at + way)), at + way);
            }
        }
    }

    private static void one(PoolWindow w, int from, int to, float g, long way, int channel) {
        float value = w.value(channel);
        for (int r = 0; r < w.rows; r++) {
            for (int s = 0; s < w.columns; s++) {
                long at = w.pixels + r * w.line + 4L * (s * w.channels + channel);
                float x = Vec.get(at), share = switch (w.kind) {
                    case MAX -> x == value ? g : 0;
                    case MEAN -> g * w.share();
                    case L2 -> w.weight(r, s) * x * g / value;
                };
                if (r >= from && r < to) Vec.set(at + way, Vec.get(at + way) + share);
                if (w.kind == PoolOp.Kind.MAX && x == value) return;
            }
        }
    }
}
