package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.UnaryOp;

/** Gradients of elementwise functions of any floating type. */
public final class UnaryGradCuda extends CudaKernel<UnaryOp.Grad> {
    public UnaryGradCuda() { super("unary_grad"); }

    @Override public Class<UnaryOp.Grad> op() { return UnaryOp.Grad.class; }

    @Override public String refuses(UnaryOp.Grad op, Tensor[] in) {
        return in[0].dtype().isFloating() && in[1].dtype().isFloating() ? null : "takes floating types";
    }

    @Override public void run(UnaryOp.Grad op, Tensor[] in, Tensor out) {
        elementwise(in, out, op.of().kind().name(), op.of().a(), op.of().b());
    }
}
