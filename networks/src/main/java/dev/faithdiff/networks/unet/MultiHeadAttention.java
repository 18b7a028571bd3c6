package dev.faithdiff.networks.unet;

import dev.faithdiff.networks.unet.Context.Projected;
import dev.faithdiff.nn.LayerNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.List;

/** Multi-head attention: no bias on q, k, v, one on the result, to which a residual is added (diffusers Attention). */
public final class MultiHeadAttention {
    private final Linear q, k, v, out;
    private final int heads;

    /** @param contextWidth width of the states that it attends to */
    public MultiHeadAttention(Weights w, int channels, int contextWidth, int heads) {
        List<Linear> own = contextWidth == channels ? Linear.together(w, channels, channels, "to_q", "to_k", "to_v") : null;
        q = own != null ? own.get(0) : new Linear(w.at("to_q"), channels, channels, false);
        k = own != null ? own.get(1) : new Linear(w.at("to_k"), contextWidth, channels, false);
        v = own != null ? own.get(2) : new Linear(w.at("to_v"), contextWidth, channels, false);
        out = new Linear(w.at("to_out.0"), channels, channels);
        this.heads = heads;
    }

    /** x {@code [B, tokens, channels]} attends to a context. @param residual of x's shape */
    public Tensor to(Context context, Tensor x, Tensor residual) {
        try (Scope s = Scope.open()) {
            return s.keep(attend(context, q.forward(x), residual));
        }
    }

    /** The norm of x attends to a context; x is added. */
    Tensor to(Context context, LayerNorm norm, Tensor x) {
        try (Scope s = Scope.open()) {
            return s.keep(attend(context, q.forward(norm, x), x));
        }
    }

    private Tensor attend(Context context, Tensor queries, Tensor residual) {
        Projected of = context.of(this, () -> new Projected(k.forward(context.states()), v.forward(context.states())));
        context.attends(this, queries, of.keys(), heads);
        return out.forward(queries.attention(of.keys(), of.values(), heads, false), residual);
    }

    /** The norm of x attends to itself; x is added. */
    Tensor toItself(LayerNorm norm, Tensor x) {
        try (Scope s = Scope.open()) {
            return s.keep(out.forward(Linear.selfAttention(norm, x, q, k, v, heads), x));
        }
    }
}
