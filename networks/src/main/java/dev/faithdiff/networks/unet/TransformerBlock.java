package dev.faithdiff.networks.unet;

import dev.faithdiff.nn.LayerNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;

/**
 * Self-attention, attention to a context where it has one, and a GEGLU feed-forward, each behind LayerNorm with a residual (diffusers
 * BasicTransformerBlock).
 */
public final class TransformerBlock {
    private static final float EPS = 1e-5f;

    private final LayerNorm norm1, norm2, norm3;
    private final MultiHeadAttention self, cross;
    private final Linear gate, out;

    /** @param contextWidth width of the states that it attends to; 0: it has self-attention only */
    public TransformerBlock(Weights w, int channels, int heads, int contextWidth) {
        norm1 = new LayerNorm(w.at("norm1"), channels, EPS);
        self = new MultiHeadAttention(w.at("attn1"), channels, channels, heads);
        norm2 = contextWidth == 0 ? null : new LayerNorm(w.at("norm2"), channels, EPS);
        cross = contextWidth == 0 ? null : new MultiHeadAttention(w.at("attn2"), channels, contextWidth, heads);
        norm3 = new LayerNorm(w.at("norm3"), channels, EPS);
        gate = new Linear(w.at("ff.net.0.proj"), channels, 8 * channels);
        out = new Linear(w.at("ff.net.2"), 4 * channels, channels);
    }

    /** @param x {@code [B, tokens, channels]} @param context null where it has self-attention only */
    public Tensor forward(Tensor x, Context context) { return Tape.recompute(() -> run(x, context)); }

    private Tensor run(Tensor x, Context context) {
        try (Scope s = Scope.open()) {
            x = self.toItself(norm1, x);
            if (cross != null) x = cross.to(context, norm2, x);
            return s.keep(out.forward(gate.geglu(norm3, x), x));
        }
    }
}
