package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.LayerNormOp;

/** LayerNorm's gradients. */
public final class LayerNormGradCuda extends RowNormGradCuda<LayerNormOp.Grad> {
    @Override public Class<LayerNormOp.Grad> op() { return LayerNormOp.Grad.class; }

    @Override public void run(LayerNormOp.Grad op, Tensor[] in, Tensor out) { run("layer_norm", op.operand(), op.eps(), in, out); }
}
