package dev.faithdiff.nn;

import dev.faithdiff.tensor.Tensor;

/** {@code [..., in] -> [..., out]}. */
public final class Linear {
    private final Tensor weight, bias;
    private final Quantized quantized;

    public Linear(Weights w, int in, int out) { this(w, in, out, true); }

    public Linear(Weights w, int in, int out, boolean bias) {
        quantized = w.quantized("weight", out, in);
        weight = quantized == null ? w.get("weight", Init.uniform(in), out, in) : null;
        this.bias = bias ? w.get("bias", Init.uniform(in), out) : null;
    }

    /** {@code [out, in]}. */
    public Tensor weight() { return quantized == null ? weight : quantized.wide(); }

    public Tensor forward(Tensor x) { return quantized == null ? x.linear(weight, bias) : x.linear(quantized.values(), quantized.scales(), bias); }
}
