package dev.faithdiff.nn;

import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GroupNormOp;

/**
 * GroupNorm over the last axis of {@code [B, ..., channels]}. Inside {@link SharedStatistics#run} the result depends on those statistics,
 * elsewhere on the input's own.
 */
public final class GroupNorm {
    final Tensor weight, bias;
    final int groups;
    final float eps;

    public GroupNorm(Weights w, int channels, int groups, float eps) {
        weight = w.get("weight", Init.ONE, channels);
        bias = w.get("bias", Init.ZERO, channels);
        this.groups = groups;
        this.eps = eps;
    }

    public Tensor forward(Tensor x) { return forward(x, false); }

    /** The norm followed by SiLU. */
    public Tensor forwardSilu(Tensor x) { return forward(x, true); }

    /** A convolution of the norm's SiLU, plus an addend unless it is null; inside {@link SharedStatistics#run} in steps. */
    Tensor siluInto(Conv2d conv, Tensor x, Tensor addend) {
        if (SharedStatistics.current() != null) return conv.plus(forwardSilu(x), addend);
        EdgeStrength.see(x);
        return conv.normed(new GroupNormOp(groups, eps, true), x, weight, bias, addend);
    }

    private Tensor forward(Tensor x, boolean silu) {
        EdgeStrength.see(x);
        SharedStatistics shared = SharedStatistics.current();
        if (shared != null) return shared.norm(this, x, silu);
        return silu ? x.groupNormSilu(weight, bias, groups, eps) : x.groupNorm(weight, bias, groups, eps);
    }
}
