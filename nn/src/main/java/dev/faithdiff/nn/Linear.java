package dev.faithdiff.nn;

import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.LinearGegluOp;
import dev.faithdiff.tensor.op.LinearOp;
import dev.faithdiff.tensor.op.NormedOp;
import dev.faithdiff.tensor.op.Op;
import dev.faithdiff.tensor.op.SelfAttentionOp;
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

    /** {@code forward(norm.forward(x))}. */
    public Tensor forward(LayerNorm norm, Tensor x) { return quantized == null ? normed(norm, x, new LinearOp()) : forward(norm.forward(x)); }

    /** {@code geglu(norm.forward(x))}. */
    public Tensor geglu(LayerNorm norm, Tensor x) { return quantized == null ? normed(norm, x, new LinearGegluOp()) : geglu(norm.forward(x)); }

    private Tensor normed(LayerNorm norm, Tensor x, Op then) { return NormedOp.run(norm.op, then, x, norm.weight, norm.bias, weight, bias); }

    /** Attention of x {@code [B, T, in]} on itself, each of query, keys and values through its own layer. */
    public static Tensor selfAttention(Tensor x, Linear q, Linear k, Linear v, int heads) {
        if (!arePlain(q, k, v)) return q.forward(x).attention(k.forward(x), v.forward(x), heads, false);
        return x.selfAttention(q.weight, k.weight, v.weight, heads);
    }

    /** The same of the norm of x. */
    public static Tensor selfAttention(LayerNorm norm, Tensor x, Linear q, Linear k, Linear v, int heads) {
        if (!arePlain(q, k, v)) return selfAttention(norm.forward(x), q, k, v, heads);
        return NormedOp.run(norm.op, new SelfAttentionOp(heads), x, norm.weight, norm.bias, q.weight, k.weight, v.weight);
    }

    private static boolean arePlain(Linear... layers) { return Stream.of(layers).allMatch(l -> l.quantized == null && l.bias == null); }
}
