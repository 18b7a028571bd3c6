package dev.faithdiff.nn;

import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.LayerNormOp;

/** LayerNorm over the last axis. */
public final class LayerNorm {
    final Tensor weight, bias;
    final LayerNormOp op;

    public LayerNorm(Weights w, int channels, float eps) {
        weight = w.get("weight", Init.ONE, channels);
        bias = w.get("bias", Init.ZERO, channels);
        op = new LayerNormOp(eps);
    }

    public Tensor forward(Tensor x) { return x.layerNorm(weight, bias, op.eps()); }
}
