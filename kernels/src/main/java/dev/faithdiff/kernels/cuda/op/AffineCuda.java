package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AffineOp;

/** {@code x * scale + shift} of any floating type. */
public final class AffineCuda extends CudaKernel<AffineOp> {
    public AffineCuda() { super("affine"); }

    @Override public Class<AffineOp> op() { return AffineOp.class; }

    @Override public String refuses(AffineOp op, Tensor[] in) { return in[0].dtype().isFloating() ? null : "takes a floating type"; }

    @Override public void run(AffineOp op, Tensor[] in, Tensor out) {
        elementwise(in, out, "affine", op.scale(), op.shift());
    }
}
