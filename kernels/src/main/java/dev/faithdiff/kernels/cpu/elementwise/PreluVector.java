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

/** Parametric ReLU of F32; the slopes are converted to F32 once. */
public final class PreluVector implements Kernel<PreluOp> {
    @Override public Class<PreluOp> op() { return PreluOp.class; }

    @Override public String refuses(PreluOp op, Tensor[] in) {
        return in[0].dtype() == DType.F32 && in[1].dtype().isFloating() ? null : "takes F32 and slopes of a floating type";
    }

    @Override public void run(PreluOp op, Tensor[] in, Tensor out) {
        long x = in[0].address(), y = out.address();
        try (Scope _ = Scope.open()) {
            Repeated slopes = Repeated.of(in[1]);
            slopes.along(out.count(), (from, length, times) -> {
                for (long at = 4 * from, end = at + 4L * length * times; at < end; at += 4L * length) row(x + at, slopes.address(), y + at, length);
            });
        }
    }

    private static void row(long x, long slopes, long y, int n) {
        int rest = n % LANES, whole = n - rest;
        loop(x, slopes, y, whole);
        if (rest > 0) {
            long t = Tail.load(0, x + 4L * whole, rest);
            loop(t, slopes + 4L * whole, t, LANES);
            Tail.store(t, y + 4L * whole, rest);
        }
    }

    private static void loop(long x, long slopes, long y, int n) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = load(x + 4L * i);
            store(v.blend(v.mul(load(slopes + 4L * i)), v.compare(VectorOperators.LT, 0f)), y + 4L * i);
        }
    }
}
