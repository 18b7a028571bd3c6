package dev.faithdiff.kernels.cpu.elementwise;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static dev.faithdiff.kernels.cpu.Vec.store;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Tail;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GegluOp;
import dev.faithdiff.tensor.op.Kernel;

/** The gate of F32 rows in one pass: first half times GELU of the second half. */
public final class GegluVector implements Kernel<GegluOp> {
    @Override public Class<GegluOp> op() { return GegluOp.class; }

    @Override public String refuses(GegluOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override public void run(GegluOp op, Tensor[] in, Tensor out) {
        int n = out.size(-1);
        long x = in[0].address(), y = out.address();
        Chunks.rows(out.count() / n, n, (from, rows) -> {
            for (long r = from; r < from + rows; r++) row(x + 8 * r * n, y + 4 * r * n, n);
        });
    }

    private static void row(long x, long y, int n) {
        int rest = n % LANES, whole = n - rest;
        loop(x, x + 4L * n, y, whole);
        if (rest > 0) {
            long value = Tail.load(0, x + 4L * whole, rest), gate = Tail.load(1, x + 4L * (n + whole), rest);
            loop(value, gate, value, LANES);
            Tail.store(value, y + 4L * whole, rest);
        }
    }

    private static void loop(long value, long gate, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(load(value + 4L * i).mul(Vec.gelu(load(gate + 4L * i))), y + 4L * i);
    }
}
