package dev.faithdiff.networks.ram;

import dev.faithdiff.nn.LayerNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;

/** A layer of BERT without self-attention: labels attend to the image, then an MLP, each with a residual and a norm behind it. */
final class TagLayer {
    private static final float EPS = 1e-12f;

    private final Linear query, key, value, out, up, down;
    private final LayerNorm attended, norm;
    private final int heads;

    TagLayer(Weights w, RamConfig c) {
        heads = c.heads();
        Weights attention = w.at("crossattention");
        query = new Linear(attention.at("self.query"), c.hidden(), c.hidden());
        key = new Linear(attention.at("self.key"), c.embedding(), c.hidden());
        value = new Linear(attention.at("self.value"), c.embedding(), c.hidden());
        out = new Linear(attention.at("output.dense"), c.hidden(), c.hidden());
        attended = new LayerNorm(attention.at("output.LayerNorm"), c.hidden(), EPS);
        up = new Linear(w.at("intermediate.dense"), c.hidden(), c.mlpWidth());
        down = new Linear(w.at("output.dense"), c.mlpWidth(), c.hidden());
        norm = new LayerNorm(w.at("output.LayerNorm"), c.hidden(), EPS);
    }

    /** @param x labels {@code [1, labels, hidden]}, as the result @param image {@code [1, tokens, embedding]} */
    Tensor forward(Tensor x, Tensor image) {
        try (Scope s = Scope.open()) {
            Tensor seen = query.forward(x).attention(key.forward(image), value.forward(image), null, new AttentionOp(heads, false));
            Tensor h = attended.forward(x.add(out.forward(seen)));
            return s.keep(norm.forward(h.add(down.forward(up.forward(h).gelu()))));
        }
    }
}
