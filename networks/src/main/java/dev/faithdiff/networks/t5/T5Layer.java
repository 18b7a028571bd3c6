package dev.faithdiff.networks.t5;

import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.RmsNorm;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;

/** Attention and a gated feed-forward, each behind a root mean square norm with a residual (transformers T5Block). */
final class T5Layer {
    private final T5Config c;
    private final RmsNorm norm1, norm2;
    private final Linear q, k, v, out, gate, up, down;

    T5Layer(Weights w, T5Config c) {
        this.c = c;
        int inner = c.heads() * c.headWidth();
        Weights attention = w.at("layer.0.SelfAttention"), mlp = w.at("layer.1.DenseReluDense");
        norm1 = new RmsNorm(w.at("layer.0.layer_norm"), c.width(), c.eps());
        q = new Linear(attention.at("q"), c.width(), inner, false);
        k = new Linear(attention.at("k"), c.width(), inner, false);
        v = new Linear(attention.at("v"), c.width(), inner, false);
        out = new Linear(attention.at("o"), inner, c.width(), false);
        norm2 = new RmsNorm(w.at("layer.1.layer_norm"), c.width(), c.eps());
        gate = new Linear(mlp.at("wi_0"), c.width(), c.mlpWidth(), false);
        up = new Linear(mlp.at("wi_1"), c.width(), c.mlpWidth(), false);
        down = new Linear(mlp.at("wo"), c.mlpWidth(), c.width(), false);
    }

    /** {@code [1, T, width]}, as the result. @param bias of the scores */
    Tensor forward(Tensor x, Tensor bias) {
        try (Scope s = Scope.open()) {
            Tensor n = norm1.forward(x);
            Tensor query = q.forward(n).mul((float) Math.sqrt(c.headWidth())); // T5 does not scale scores, attention here does
            Tensor h = out.forward(query.attention(k.forward(n), v.forward(n), bias, new AttentionOp(c.heads(), false)), x);
            n = norm2.forward(h);
            Tensor open = gate.forward(n);
            open = s.replace(open, open.geluTanh());
            open = s.replace(open, open.mul(up.forward(n)));
            return s.keep(down.forward(open, h));
        }
    }
}
