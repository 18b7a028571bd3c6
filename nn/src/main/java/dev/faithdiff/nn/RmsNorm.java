package dev.faithdiff.nn;

import dev.faithdiff.tensor.Tensor;

/** Root mean square norm over the last axis. */
public final class RmsNorm {
    private final Tensor weight;
    private final float eps;

    public RmsNorm(Weights w, int channels, float eps) {
        weight = w.get("weight", Init.ONE, channels);
        this.eps = eps;
    }

    public Tensor forward(Tensor x) { return x.rmsNorm(weight, eps); }
}
