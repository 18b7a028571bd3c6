package dev.faithdiff.kernels.cpu.elementwise;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GegluOp;
import dev.faithdiff.tensor.op.Kernel;

/** The gate of F32 rows in one pass: first half times GELU of the second half. */
interface GegluKernel extends Kernel<GegluOp> {
    /** The work on rows that follow one another, of n floats in the result and twice as many in x. */
    void rows(long x, int rows, int n, long y);

    @Override default Class<GegluOp> op() { return GegluOp.class; }

    @Override default String refuses(GegluOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override default void run(GegluOp op, Tensor[] in, Tensor out) {
        int n = out.size(-1);
        long x = in[0].address(), y = out.address();
        Chunks.rows(out.count() / n, n, (from, rows) -> rows(x + 8 * from * n, rows, n, y + 4 * from * n));
    }
}
