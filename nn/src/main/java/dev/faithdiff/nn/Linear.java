package dev.faithdiff.nn;

import dev.faithdiff.tensor.Tensor;

/** {@code [..., in] -> [..., out]}. */
public final class Linear {
    private final Tensor weight, bias;

    public Linear(Weights w, int in, int out) { this(w, in, out, true); }

    public Linear(Weights w, int in, int out, boolean bias) {
        weight = w.get("weight", Init.uniform(in), out, in);
        this.bias = bias ? w.get("bias", Init.uniform(in), out) : null;
    }

    /** {@code [out, in]}. */
    public Tensor weight() { return weight; }

    public Tensor forward(Tensor x) { return x.linear(weight, bias); }
}
