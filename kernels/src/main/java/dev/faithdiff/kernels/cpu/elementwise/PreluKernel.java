package dev.faithdiff.kernels.cpu.elementwise;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.PreluOp;

/** Parametric ReLU of F32; the slopes are converted to F32 once. */
interface PreluKernel extends Kernel<PreluOp> {
    /** The work on {@code rows} rows of n floats that follow one another, all with the same slopes. */
    void rows(long x, long slopes, int rows, int n, long y);

    @Override default Class<PreluOp> op() { return PreluOp.class; }

    @Override default String refuses(PreluOp op, Tensor[] in) {
        return in[0].dtype() == DType.F32 && in[1].dtype().isFloating() ? null : "takes F32 and slopes of a floating type";
    }

    @Override default void run(PreluOp op, Tensor[] in, Tensor out) {
        long x = in[0].address(), y = out.address();
        try (Scope _ = Scope.open()) {
            Repeated slopes = Repeated.of(in[1]);
            slopes.along(out.count(), (from, length, times) -> rows(x + 4 * from, slopes.address(), times, length, y + 4 * from));
        }
    }
}
