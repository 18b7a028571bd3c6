package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.RmsNormOp;

/** Gradients of the root mean square norm, which is LayerNorm with a mean of 0. */
public final class RmsNormGradCuda extends RowNormGradCuda<RmsNormOp.Grad> {
    @Override public Class<RmsNormOp.Grad> op() { return RmsNormOp.Grad.class; }

    @Override public void run(RmsNormOp.Grad op, Tensor[] in, Tensor out) { run("rms_norm", op.operand(), op.eps(), in, out); }
}
