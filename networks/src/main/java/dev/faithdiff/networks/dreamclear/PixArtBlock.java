package dev.faithdiff.networks.dreamclear;

import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;

/**
 * A block of PixArt-alpha (Chen et al., arXiv:2310.00426): attention, attention to the text, and a feed-forward. The timestep shifts, scales and
 * gates the first and the last, by the same numbers in all blocks but for a table of each (adaLN-single).
 */
final class PixArtBlock {
    static final float EPS = 1e-6f;
    /** Shift, scale and gate of the attention, and of the feed-forward. */
    static final int NUMBERS = 6;
    private static final int MLP = 4;

    private final int width, heads;
    private final Tensor table;
    private final Linear qkv, proj, query, keyValue, crossProj, up, down;

    PixArtBlock(Weights w, DreamClearConfig c) {
        width = c.width();
        heads = c.heads();
        table = w.get("scale_shift_table", Init.uniform(width), NUMBERS, width);
        qkv = new Linear(w.at("attn.qkv"), width, 3 * width);
        proj = new Linear(w.at("attn.proj"), width, width);
        query = new Linear(w.at("cross_attn.q_linear"), width, width);
        keyValue = new Linear(w.at("cross_attn.kv_linear"), width, 2 * width);
        crossProj = new Linear(w.at("cross_attn.proj"), width, width);
        up = new Linear(w.at("mlp.fc1"), width, MLP * width);
        down = new Linear(w.at("mlp.fc2"), MLP * width, width);
    }

    /** Tokens {@code [B, N, width]}, as the result. @param y text {@code [B, T, width]} @param t0 of the timestep, {@code [6, width]} */
    Tensor forward(Tensor x, Tensor y, Tensor t0) {
        return Tape.recompute(() -> {
            try (Scope s = Scope.open()) {
                Tensor all = t0.add(table.to(t0.dtype()));
                Tensor h = s.replace(x, x.add(attention(modulated(x, all, 0)).mul(row(all, 2))));
                h = s.replace(h, crossed(h, y));
                return s.keep(h.add(mlp(modulated(h, all, 3)).mul(row(all, 5))));
            }
        });
    }

    /** {@code norm(x) * (1 + scale) + shift}. @param first row of shift, before that of scale */
    static Tensor modulated(Tensor x, Tensor rows, int first) { return x.layerNorm(row(rows, first + 1).affine(1, 1), row(rows, first), EPS); }

    private static Tensor row(Tensor rows, int i) { return rows.slice(0, i, i + 1).reshape(rows.size(1)); }

    /** Attention of modulated tokens. */
    Tensor attention(Tensor n) {
        try (Scope s = Scope.open()) {
            Tensor all = qkv.forward(n), q = all.slice(2, 0, width), k = all.slice(2, width, 2 * width), v = all.slice(2, 2 * width, 3 * width);
            return s.keep(proj.forward(q.attention(k, v, heads, false)));
        }
    }

    /** Tokens with what they take from the text. */
    private Tensor crossed(Tensor x, Tensor y) {
        try (Scope s = Scope.open()) {
            Tensor kv = keyValue.forward(y), a = query.forward(x).attention(kv.slice(2, 0, width), kv.slice(2, width, 2 * width), heads, false);
            return s.keep(crossProj.forward(a, x));
        }
    }

    private Tensor mlp(Tensor n) {
        try (Scope s = Scope.open()) {
            Tensor h = up.forward(n);
            h = s.replace(h, h.geluTanh());
            return s.keep(down.forward(h));
        }
    }
}
