package dev.faithdiff.nn;

import dev.faithdiff.tensor.Tensor;

/** GroupNorm over the last axis of {@code [B, ..., channels]}. */
public final class GroupNorm {
    private final Tensor weight, bias;
    private final int groups;
    private final float eps;

    public GroupNorm(Weights w, int channels, int groups, float eps) {
        weight = w.get("weight", Init.ONE, channels);
        bias = w.get("bias", Init.ZERO, channels);
        this.groups = groups;
        this.eps = eps;
    }

    public Tensor forward(Tensor x) { return x.groupNorm(weight, bias, groups, eps); }

    /** The norm followed by SiLU. */
    public Tensor forwardSilu(Tensor x) { return x.groupNormSilu(weight, bias, groups, eps); }
}
