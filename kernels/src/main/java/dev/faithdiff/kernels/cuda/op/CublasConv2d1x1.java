package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.Cublas;
import dev.faithdiff.kernels.cuda.CudaDevice;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Kernel;

/** A 1x1 convolution, which in NHWC is one product over all pixels, then the bias. */
public final class CublasConv2d1x1 implements Kernel<Conv2dOp> {
    @Override public Class<Conv2dOp> op() { return Conv2dOp.class; }

    @Override public String refuses(Conv2dOp op, Tensor[] in) {
        boolean plain = in[1].size(1) == 1 && in[1].size(2) == 1 && op.stride() == 1 && op.top() + op.bottom() + op.left() + op.right() == 0;
        if (op.groups() > 1) return "takes no groups";
        if (!plain) return "takes 1x1 kernels without stride or padding";
        if (!Cublas.takes(in[0].dtype()) || !in[1].dtype().isFloating()) return "computes in F32, F16 and BF16";
        return in[1].size(3) == 0 ? "there is nothing to multiply" : null;
    }

    @Override public void run(Conv2dOp op, Tensor[] in, Tensor out) {
        int n = in[1].size(0), k = in[1].size(3), rows = Math.toIntExact(out.count() / n);
        try (Scope _ = Scope.open()) {
            Tensor w = Cublas.like(in[1], in[0].dtype());
            ((CudaDevice) out.device()).cublas().product(out.dtype(), false, true, rows, n, k, in[0].address(), w.address(), out.address());
        }
        if (in.length > 2) Cublas.addBias(out, in[2]);
    }
}
