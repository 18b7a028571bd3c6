package dev.faithdiff.kernels.cpu.gemm;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.LinearOp;

/** A linear layer as one product with the packed weight, which is converted to F32 while it is packed. */
public class LinearPacked implements ProductKernel<LinearOp> {
    @Override public Class<LinearOp> op() { return LinearOp.class; }

    @Override public String refuses(LinearOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "computes in F32"; }

    @Override public void run(LinearOp op, Tensor[] in, Tensor out) {
        int n = in[1].size(0), k = in[1].size(1), rows = Math.toIntExact(out.count() / n);
        Matrix bias = in.length > 2 ? matrix(in[2], 0, 1, n) : null;
        Gemm.multiply(factors(), matrix(in[0], 0, rows, k), matrix(in[1], 0, n, k), true, bias, matrix(out, 0, rows, n), false);
    }

    /** A matrix of dense rows, from an element of a tensor on. */
    public static Matrix matrix(Tensor t, long element, int rows, int columns) {
        return Matrix.of(t.segment(), element * t.dtype().bytes(), t.dtype(), rows, columns);
    }
}
