package dev.faithdiff.networks.unet;

import dev.faithdiff.networks.unet.Context.Projected;
import dev.faithdiff.nn.LayerNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;
import java.util.List;

/**
 * Self-attention, attention to a context where it has one, and a GEGLU feed-forward, each behind LayerNorm with a residual (diffusers
 * BasicTransformerBlock).
 */
public final class TransformerBlock {
    private static final float EPS = 1e-5f;

    private final LayerNorm norm1, norm2, norm3;
    private final Attention self, cross;
    private final Linear gate, out;

    /** @param contextWidth width of the states that it attends to; 0: it has self-attention only */
    public TransformerBlock(Weights w, int channels, int heads, int contextWidth) {
        norm1 = new LayerNorm(w.at("norm1"), channels, EPS);
        self = new Attention(w.at("attn1"), channels, channels, heads);
        norm2 = contextWidth == 0 ? null : new LayerNorm(w.at("norm2"), channels, EPS);
        cross = contextWidth == 0 ? null : new Attention(w.at("attn2"), channels, contextWidth, heads);
        norm3 = new LayerNorm(w.at("norm3"), channels, EPS);
        gate = new Linear(w.at("ff.net.0.proj"), channels, 8 * channels);
        out = new Linear(w.at("ff.net.2"), 4 * channels, channels);
    }

    /** @param x {@code [B, tokens, channels]} @param context null where it has self-attention only */
    public Tensor forward(Tensor x, Context context) { return Tape.recompute(() -> run(x, context)); }

    private Tensor run(Tensor x, Context context) {
        try (Scope s = Scope.open()) {
            x = self.toItself(norm1, x);
            if (cross != null) x = cross.to(context, context.of(cross, () -> cross.project(context.states())), norm2, x);
            return s.keep(out.forward(gate.geglu(norm3, x), x));
        }
    }

    /** Multi-head attention: no bias on q, k, v, one on the result, to which a residual is added. */
    private static final class Attention {
        private final Linear q, k, v, out;
        private final int heads;

        Attention(Weights w, int channels, int contextWidth, int heads) {
            List<Linear> own = contextWidth == channels ? Linear.together(w, channels, channels, "to_q", "to_k", "to_v") : null;
            q = own != null ? own.get(0) : new Linear(w.at("to_q"), channels, channels, false);
            k = own != null ? own.get(1) : new Linear(w.at("to_k"), contextWidth, channels, false);
            v = own != null ? own.get(2) : new Linear(w.at("to_v"), contextWidth, channels, false);
            out = new Linear(w.at("to_out.0"), channels, channels);
            this.heads = heads;
        }

        Projected project(Tensor context) { return new Projected(k.forward(context), v.forward(context)); }

        /** The norm of x attends to a context; x is added. */
        Tensor to(Context context, Projected of, LayerNorm norm, Tensor x) {
            try (Scope s = Scope.open()) {
                Tensor queries = q.forward(norm, x);
                context.attends(this, queries, of.keys(), heads);
                return s.keep(out.forward(queries.attention(of.keys(), of.values(), heads, false), x));
            }
        }

        /** The norm of x attends to itself; x is added. */
        Tensor toItself(LayerNorm norm, Tensor x) {
            try (Scope s = Scope.open()) {
                return s.keep(out.forward(Linear.selfAttention(norm, x, q, k, v, heads), x));
            }
        }
    }
}
