package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.UnaryOp;

/** Elementwise functions of any floating type. */
public final class UnaryCuda extends CudaKernel<UnaryOp> {
    public UnaryCuda() { super("unary"); }

    @Override public Class<UnaryOp> op() { return UnaryOp.class; }

    @Override public String refuses(UnaryOp op, Tensor[] in) { return in[0].dtype().isFloating() ? null : "takes a floating type"; }

    @Override public void run(UnaryOp op, Tensor[] in, Tensor out) {
        elementwise(in, out, op.kind().name(), op.a(), op.b());
    }
}
