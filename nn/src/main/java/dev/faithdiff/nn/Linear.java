package dev.faithdiff.nn;

import dev.faithdiff.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;

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

    /** Layers of one size without bias, whose weights a GPU keeps one behind the other. @param names below w, in order */
    public static List<Linear> together(Weights w, int in, int out, String... names) {
        w.together(Init.uniform(in), Stream.of(names).map(name -> name + ".weight").toList(), out, in);
        return Stream.of(names).map(name -> new Linear(w.at(name), in, out, false)).toList();
    }

    /** {@code [out, in]}. */
    public Tensor weight() { return quantized == null ? weight : quantized.wide(); }

    public Tensor forward(Tensor x) { return quantized == null ? x.linear(weight, bias) : x.linear(quantized.values(), quantized.scales(), bias); }

    /** {@code forward(x) + addend}, an addend of the result's shape. */
    public Tensor forward(Tensor x, Tensor addend) { return quantized == null ? x.linearAdd(weight, bias, addend) : forward(x).add(addend); }

    /** {@code forward(x).geglu()}. */
    public Tensor geglu(Tensor x) { return quantized == null ? x.linearGeglu(weight, bias) : forward(x).geglu(); }

    /** Attention of x {@code [B, T, in]} on itself, each of query, keys and values through its own layer. */
    public static Tensor selfAttention(Tensor x, Linear q, Linear k, Linear v, int heads) {
        boolean plain = Stream.of(q, k, v).allMatch(l -> l.quantized == null && l.bias == null);
        return plain ? x.selfAttention(q.weight, k.weight, v.weight, heads) : q.forward(x).attention(k.forward(x), v.forward(x), heads, false);
    }
}
