package dev.faithdiff.kernels.cpu.norm;

import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.SoftmaxOp;

/** Softmax row by row: maximum, exponentials and their sum, quotient. */
interface SoftmaxKernel extends Kernel<SoftmaxOp> {
    int BLOCK = 1 << 14; // floats of a task

    /** The work on rows of n floats that follow one another. */
    void rows(long x, int rows, int n, long y);

    @Override default Class<SoftmaxOp> op() { return SoftmaxOp.class; }

    @Override default String refuses(SoftmaxOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override default void run(SoftmaxOp op, Tensor[] in, Tensor out) {
        int n = out.size(-1), block = Math.max(1, BLOCK / n);
        long rows = out.count() / n;
        Parallel.run(Math.toIntExact((rows + block - 1) / block), i -> {
            long first = (long) i * block;
            rows(in[0].address() + 4 * first * n, (int) Math.min(block, rows - first), n, out.address() + 4 * first * n);
        });
    }
}
