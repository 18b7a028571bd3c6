package dev.faithdiff.networks.clip;

import dev.faithdiff.nn.LayerNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;

/** Attention and MLP, each behind LayerNorm with a residual (transformers CLIPEncoderLayer). */
final class ClipLayer {
    private final LayerNorm norm1, norm2;
    private final Linear q, k, v, out, up, down;
    private final int heads;
    private final boolean quickGelu, causal;

    ClipLayer(Weights w, int width, int heads, int mlpWidth, float eps, boolean quickGelu, boolean causal) {
        this.heads = heads;
        this.quickGelu = quickGelu;
        this.causal = causal;
        norm1 = new LayerNorm(w.at("layer_norm1"), width, eps);
        q = new Linear(w.at("self_attn.q_proj"), width, width);
        k = new Linear(w.at("self_attn.k_proj"), width, width);
        v = new Linear(w.at("self_attn.v_proj"), width, width);
        out = new Linear(w.at("self_attn.out_proj"), width, width);
        norm2 = new LayerNorm(w.at("layer_norm2"), width, eps);
        up = new Linear(w.at("mlp.fc1"), width, mlpWidth);
        down = new Linear(w.at("mlp.fc2"), mlpWidth, width);
    }

    /** {@code [B, T, width]}, as the result. */
    Tensor forward(Tensor x) {
        try (Scope s = Scope.open()) {
            Tensor n = norm1.forward(x);
            x = out.forward(q.forward(n).attention(k.forward(n), v.forward(n), heads, causal), x);
            Tensor h = up.forward(norm2.forward(x));
            return s.keep(down.forward(quickGelu ? h.quickGelu() : h.gelu(), x));
        }
    }
}
