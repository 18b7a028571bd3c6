package dev.faithdiff.nn;

import dev.faithdiff.tensor.Tensor;

/** LayerNorm over the last axis. */
public final class LayerNorm {
    private final Tensor weight, bias;
    private final float eps;

    public LayerNorm(Weights w, int channels, float eps) {
        weight = w.get("weight", Init.ONE, channels);
        bias = w.get("bias", Init.ZERO, channels);
        this.eps = eps;
    }

    public Tensor forward(Tensor x) { return x.layerNorm(weight, bias, eps); }
}
