package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.Cublas;
import dev.faithdiff.kernels.cuda.CudaDevice;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.MatmulOp;

/** A batched matrix product as one call of cuBLAS. */
public final class CublasMatmul implements Kernel<MatmulOp> {
    @Override public Class<MatmulOp> op() { return MatmulOp.class; }

    @Override public String refuses(MatmulOp op, Tensor[] in) {
        if (!Cublas.takes(in[0].dtype()) || !in[1].dtype().isFloating()) return "computes in F32, F16 and BF16";
        return op.k(in) == 0 ? "there is nothing to multiply" : null;
    }

    @Override public void run(MatmulOp op, Tensor[] in, Tensor out) {
        int m = op.m(in), n = op.n(in), batch = Math.toIntExact(out.count() / ((long) m * n));
        try (Scope _ = Scope.open()) {
            Tensor b = Cublas.like(in[1], in[0].dtype());
            ((CudaDevice) out.device()).cublas().products(out.dtype(), op.transposeA(), op.transposeB(), batch, m, n, op.k(in),
                    in[0].address(), b.address(), out.address());
        }
    }
}
