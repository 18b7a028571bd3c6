package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.Cublas;
import dev.faithdiff.kernels.cuda.CublasLt;
import dev.faithdiff.kernels.cuda.CudaDevice;
import dev.faithdiff.kernels.cuda.GraphPattern.Product;
import dev.faithdiff.kernels.cuda.GraphPattern.Then;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.LinearOp;

/** A linear layer and its bias in one pass of cuBLASLt. */
public final class CublasLtLinear implements Kernel<LinearOp> {
    @Override public Class<LinearOp> op() { return LinearOp.class; }

    @Override public String refuses(LinearOp op, Tensor[] in) { return refuses(in, product(in)); }

    private static Product product(Tensor[] in) { return CudnnLinear.product(in, in.length > 2, Then.NOTHING); }

    /** It takes the operands that plans take. */
    static String refuses(Tensor[] in, Product p) {
        String reason = PlanKernel.unfit(in);
        if (reason == null) reason = CudnnLinear.excludes(in);
        return reason == null ? CublasLt.refuses(in[0].device(), p) : reason;
    }

    @Override public void run(LinearOp op, Tensor[] in, Tensor out) { multiply(product(in), in, in.length > 2 ? in[2] : null, null, out); }

    /** Multiplies by the weight in the activation's type. @param bias may be null @param addend may be null */
    static void multiply(Product p, Tensor[] in, Tensor bias, Tensor addend, Tensor out) {
        try (Scope _ = Scope.open()) {
            ((CudaDevice) out.device()).cublasLt().run(p, in[0].address(), Cublas.like(in[1], in[0].dtype()).address(),
                    bias == null ? 0 : bias.address(), addend == null ? 0 : addend.address(), out.address());
        }
    }
}
