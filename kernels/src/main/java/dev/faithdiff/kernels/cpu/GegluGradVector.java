package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static dev.faithdiff.kernels.cpu.Vec.store;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GegluOp;
import dev.faithdiff.tensor.op.Kernel;
import jdk.incubator.vector.FloatVector;

/** Both halves of the gate's gradient in one pass over F32 rows. */
public final class GegluGradVector implements Kernel<GegluOp.Grad> {
    @Override public Class<GegluOp.Grad> op() { return GegluOp.Grad.class; }

    @Override public String refuses(GegluOp.Grad op, Tensor[] in) {
        return in[0].dtype() == DType.F32 && in[1].dtype() == DType.F32 ? null : "takes F32";
    }

    @Override public void run(GegluOp.Grad op, Tensor[] in, Tensor out) {
        int n = in[1].size(-1);
        long x = in[0].address(), g = in[1].address(), y = out.address();
        Pieces.rows(in[1].count() / n, 2L * n, (from, rows) -> {
            for (long r = from; r < from + rows; r++) row(x + 8 * r * n, g + 4 * r * n, y + 8 * r * n, n);
        });
    }

    private static void row(long x, long g, long y, int n) {
        int rest = n % LANES, whole = n - rest;
        loop(x, x + 4L * n, g, y, y + 4L * n, whole);
        if (rest > 0) {
            long at = 4L * whole;
            long value = Tail.load(0, x + at, rest), gate = Tail.load(1, x + 4L * n + at, rest), grad = Tail.load(2, g + at, rest);
            loop(value, gate, grad, value, gate, LANES);
            Tail.store(value, y + at, rest);
            Tail.store(gate, y + 4L * n + at, rest);
        }
    }

    private static void loop(long value, long gate, long g, long toValue, long toGate, int n) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = load(value + 4L * i), t = load(gate + 4L * i), d = load(g + 4L * i);
            store(d.mul(t).mul(UnaryGradVector.normal(t)), toValue + 4L * i);
            store(d.mul(v).mul(UnaryGradVector.geluSlope(t)), toGate + 4L * i);
        }
    }
}
