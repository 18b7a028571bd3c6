package dev.faithdiff.kernels.cpu.norm;

import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Workspace;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.LayerNormOp;

/**
 * LayerNorm row by row: an estimate of the mean, then the sums of the differences to it, then the result. A row is read once from memory and
 * twice from the cache.
 */
interface LayerNormKernel extends Kernel<LayerNormOp> {
    int BLOCK = 1 << 14; // floats of a task

    /** The work on rows of n floats that follow one another. */
    void rows(long x, int rows, int n, float eps, long weight, long bias, long y);

    @Override default Class<LayerNormOp> op() { return LayerNormOp.class; }

    @Override default String refuses(LayerNormOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override default void run(LayerNormOp op, Tensor[] in, Tensor out) {
        int n = in[0].size(-1), block = Math.max(1, BLOCK / n);
        long rows = in[0].count() / n;
        try (Workspace weight = Workspace.of(in[1]); Workspace bias = Workspace.of(in[2])) {
            Parallel.run(Math.toIntExact((rows + block - 1) / block), i -> {
                long first = (long) i * block, at = 4 * first * n;
                rows(in[0].address() + at, (int) Math.min(block, rows - first), n, op.eps(), weight.at(0), bias.at(0), out.address() + at);
            });
        }
    }
}
