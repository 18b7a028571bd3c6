package dev.faithdiff.kernels.cpu.elementwise;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static dev.faithdiff.kernels.cpu.Vec.store;

import dev.faithdiff.kernels.cpu.Tail;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.PreluOp;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** The gradient of parametric ReLU with respect to x in F32; the slopes are converted to F32 once. */
public final class PreluGradVector implements Kernel<PreluOp.Grad> {
    @Override public Class<PreluOp.Grad> op() { return PreluOp.Grad.class; }

    @Override public String refuses(PreluOp.Grad op, Tensor[] in) {
        boolean takes = in[0].dtype() == DType.F32 && in[1].dtype().isFloating() && in[2].dtype() == DType.F32;
        return takes ? null : "takes F32 and slopes of a floating type";
    }

    @Override public void run(PreluOp.Grad op, Tensor[] in, Tensor out) {
        long x = in[0].address(), g = in[2].address(), y = out.address();
        try (Scope _ = Scope.open()) {
            Repeated slopes = Repeated.of(in[1]);
            slopes.along(out.count(), (from, length, times) -> {
                for (long at = 4 * from, end = at + 4L * length * times; at < end; at += 4L * length) {
                    row(x + at, slopes.address(), g + at, y + at, length);
                }
            });
        }
    }

    private static void row(long x, long slopes, long g, long y, int n) {
        int rest = n % LANES, whole = n - rest;
        loop(x, slopes, g, y, whole);
        if (rest > 0) {
            long t = Tail.load(0, x + 4L * whole, rest), d = Tail.load(1, g + 4L * whole, rest);
            loop(t, slopes + 4L * whole, d, t, LANES);
            Tail.store(t, y + 4L * whole, rest);
        }
    }

    private static void loop(long x, long slopes, long g, long y, int n) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector d = load(g + 4L * i), below = d.mul(load(slopes + 4L * i));
            store(below.blend(d, load(x + 4L * i).compare(VectorOperators.GT, 0f)), y + 4L * i);
        }
    }
}
