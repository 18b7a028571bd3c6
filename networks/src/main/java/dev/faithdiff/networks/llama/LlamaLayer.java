package dev.faithdiff.networks.llama;

import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.RmsNorm;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;

/**
 * Attention with rotary positions and a gated feed-forward (SwiGLU), each behind a root mean square norm with a residual (transformers
 * LlamaDecoderLayer).
 */
final class LlamaLayer {
    private final LlamaConfig c;
    private final int number;
    private final RmsNorm norm1, norm2;
    private final Linear q, k, v, out, gate, up, down;

    LlamaLayer(Weights w, LlamaConfig c, int number) {
        this.c = c;
        this.number = number;
        norm1 = new RmsNorm(w.at("input_layernorm"), c.width(), c.eps());
        q = new Linear(w.at("self_attn.q_proj"), c.width(), c.width(), false);
        k = new Linear(w.at("self_attn.k_proj"), c.width(), c.keyWidth(), false);
        v = new Linear(w.at("self_attn.v_proj"), c.width(), c.keyWidth(), false);
        out = new Linear(w.at("self_attn.o_proj"), c.width(), c.width(), false);
        norm2 = new RmsNorm(w.at("post_attention_layernorm"), c.width(), c.eps());
        gate = new Linear(w.at("mlp.gate_proj"), c.width(), c.mlpWidth(), false);
        up = new Linear(w.at("mlp.up_proj"), c.width(), c.mlpWidth(), false);
        down = new Linear(w.at("mlp.down_proj"), c.mlpWidth(), c.width(), false);
    }

    /** The next tokens {@code [1, T, width]}, as the result. */
    Tensor forward(Tensor x, KeyValues cache) {
        try (Scope s = Scope.open()) {
            Tensor h = s.replace(x, attention(norm1.forward(x), x, cache)), n = norm2.forward(h);
            Tensor open = gate.forward(n);
            open = s.replace(open, open.silu());
            open = s.replace(open, open.mul(up.forward(n)));
            return s.keep(down.forward(open, h));
        }
    }

    private Tensor attention(Tensor n, Tensor x, KeyValues cache) {
        int before = cache.tokens(), count = n.size(1);
        try (Scope s = Scope.open()) {
            Tensor query = q.forward(n).rope(c.heads(), c.theta(), before), key = k.forward(n).rope(c.keyHeads(), c.theta(), before);
            Tensor value = v.forward(n);
            cache.add(number, key, value);
            if (before > 0) { // else what was computed is all there is
                key = cache.keys(number, before + count);
                value = cache.values(number, before + count);
                if (count > 1) {
                    key = key.to(DType.F32);
                    value = value.to(DType.F32);
                }
            }
            return s.keep(out.forward(query.attention(key, value, null, new AttentionOp(c.heads(), c.keyHeads(), true, before)), x));
        }
    }
}
