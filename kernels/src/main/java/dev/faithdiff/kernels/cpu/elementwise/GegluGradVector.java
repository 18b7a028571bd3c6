package dev.faithdiff.kernels.cpu.elementwise;

import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Tail;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GegluOp;
import dev.faithdiff.tensor.op.Kernel;

/** Both halves of the gate's gradient, one F32 row at a time. */
public final class GegluGradVector implements Kernel<GegluOp.Grad> {
    @Override public Class<GegluOp.Grad> op() { return GegluOp.Grad.class; }

    @Override public String refuses(GegluOp.Grad op, Tensor[] in) {
        return in[0].dtype() == DType.F32 && in[1].dtype() == DType.F32 ? null : "takes F32";
    }

    @Override public void run(GegluOp.Grad op, Tensor[] in, Tensor out) {
        int n = in[1].size(-1);
        long x = in[0].address(), g = in[1].address(), y = out.address();
        Chunks.rows(in[1].count() / n, 2L * n, (from, rows) -> {
            for (long r = from; r < from + rows; r++) row(x + 8 * r * n, g + 4 * r * n, y + 8 * r * n, n);
        });
    }

    private static void row(long x, long g, long y, int n) {
        int rest = n % LANES, whole = n - rest;
        GeluSlope.gate(x + 4L * n, g, x, y + 4L * n, y, whole);
        if (rest > 0) {
            long at = 4L * whole;
            long value = Tail.load(0, x + at, rest);
            long gate = Tail.load(1, x + 4L * n + at, rest);
            long grad = Tail.load(2, g + at, rest);
            long toValue = Tail.place(3), toGate = Tail.place(4);
            GeluSlope.gate(gate, grad, value, toGate, toValue, LANES);
            Tail.store(toValue, y + at, rest);
            Tail.store(toGate, y + 4L * n + at, rest);
        }
    }
}
