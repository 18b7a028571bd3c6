package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.GraphPattern.Product;
import dev.faithdiff.kernels.cuda.GraphPattern.Then;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.LinearAddOp;

/** A linear layer, its bias and an addend in one pass of cuBLASLt. */
public final class CublasLtLinearAdd implements Kernel<LinearAddOp> {
    @Override public Class<LinearAddOp> op() { return LinearAddOp.class; }

    @Override public String refuses(LinearAddOp op, Tensor[] in) { return CublasLtLinear.refuses(in, product(in)); }

    private static Product product(Tensor[] in) { return CudnnLinear.product(in, in.length > 3, Then.ADD); }

    @Override public void run(LinearAddOp op, Tensor[] in, Tensor out) {
        CublasLtLinear.multiply(product(in), in, in.length > 3 ? in[3] : null, in[2], out);
    }
}
