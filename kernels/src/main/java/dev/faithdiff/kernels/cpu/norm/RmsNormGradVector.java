package dev.faithdiff.kernels.cpu.norm;

import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.RmsNormOp;

/** Gradients of the root mean square norm: those of {@link LayerNormGradVector} with a mean of 0. */
public final class RmsNormGradVector implements Kernel<RmsNormOp.Grad> {
    @Override public Class<RmsNormOp.Grad> op() { return RmsNormOp.Grad.class; }

    @Override public String refuses(RmsNormOp.Grad op, Tensor[] in) { return LayerNormGradVector.refusal(in); }

    @Override public void run(RmsNormOp.Grad op, Tensor[] in, Tensor out) {
        LayerNormGradVector.run(op.operand(), false, (x, n) -> RmsNormVector.moments(x, n, op.eps()), in, out);
    }
}
