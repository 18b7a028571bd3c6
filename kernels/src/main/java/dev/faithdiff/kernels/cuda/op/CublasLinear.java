package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.Cublas;
import dev.faithdiff.kernels.cuda.CudaDevice;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.LinearOp;

/** A linear layer as one product of cuBLAS, then the bias. */
public final class CublasLinear implements Kernel<LinearOp> {
    @Override public Class<LinearOp> op() { return LinearOp.class; }

    @Override public String refuses(LinearOp op, Tensor[] in) {
        if (!Cublas.takes(in[0].dtype()) || !in[1].dtype().isFloating()) return "computes in F32, F16 and BF16";
        return in[1].size(1) == 0 ? "there is nothing to multiply" : null;
    }

    @Override public void run(LinearOp op, Tensor[] in, Tensor out) {
        int n = in[1].size(0), k = in[1].size(1), rows = Math.toIntExact(out.count() / n);
        try (Scope _ = Scope.open()) {
            Tensor w = Cublas.like(in[1], in[0].dtype());
            ((CudaDevice) out.device()).cublas().product(out.dtype(), false, true, rows, n, k, in[0].address(), w.address(), out.address());
        }
        if (in.length > 2) Cublas.addBias(out, in[2]);
    }
}
