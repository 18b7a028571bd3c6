package dev.faithdiff.nn;

import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dAddOp;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.GroupNormOp;
import dev.faithdiff.tensor.op.NormedOp;

/** {@code [B, H, W, in] -> [B, H', W', out]} with a square kernel. */
public final class Conv2d {
    private final Tensor weight, bias;
    private final Conv2dOp op;

    /** Stride 1 and the padding that keeps the size. */
    public Conv2d(Weights w, int in, int out, int kernel) {
        this(w, in, out, kernel, new Conv2dOp(1, kernel / 2, kernel / 2, kernel / 2, kernel / 2));
    }

    public Conv2d(Weights w, int in, int out, int kernel, Conv2dOp op) {
        weight = w.get("weight", Init.uniform(in * kernel * kernel), out, kernel, kernel, in);
        bias = w.get("bias", Init.uniform(in * kernel * kernel), out);
        this.op = op;
    }

    public Tensor forward(Tensor x) { return x.conv2d(weight, bias, op); }

    /** {@code forward(x)} of x at twice its height and width by repeating pixels, for a 3x3 kernel that keeps the size. */
    public Tensor upsampled(Tensor x) { return x.upsampleConv2d(weight, bias); }

    /** {@code forward(x) + addend}, an addend of the result's shape or {@code [B, 1, 1, out]}. */
    public Tensor forward(Tensor x, Tensor addend) { return x.conv2dAdd(weight, bias, addend, op); }

    /** @param addend null if there is none */
    Tensor plus(Tensor x, Tensor addend) { return addend == null ? forward(x) : forward(x, addend); }

    /** The same of a norm of x. */
    Tensor normed(GroupNormOp norm, Tensor x, Tensor scale, Tensor shift, Tensor addend) {
        return NormedOp.run(norm, addend == null ? op : new Conv2dAddOp(op), x, scale, shift, weight, addend, bias);
    }
}
