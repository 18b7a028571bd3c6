package dev.faithdiff.kernels.cpu.norm;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Workspace;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.RmsNormOp;

/** Root mean square norm row by row: the sum of squares, then the result. */
interface RmsNormKernel extends Kernel<RmsNormOp> {
    /** The work on rows of n floats that follow one another. */
    void rows(long x, int rows, int n, float eps, long weight, long y);

    @Override default Class<RmsNormOp> op() { return RmsNormOp.class; }

    @Override default String refuses(RmsNormOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override default void run(RmsNormOp op, Tensor[] in, Tensor out) {
        int n = in[0].size(-1);
        try (Workspace weight = Workspace.of(in[1])) {
            Chunks.rows(in[0].count() / n, n, (first, rows) -> {
                rows(in[0].address() + 4 * first * n, rows, n, op.eps(), weight.at(0), out.address() + 4 * first * n);
            });
        }
    }
}
