package dev.faithdiff.networks.vit;

import dev.faithdiff.nn.LayerNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;

/** A block of a vision transformer: attention and MLP, each behind LayerNorm with a residual; one matrix for q, k and v (timm). */
final class VitBlock {
    private static final float EPS = 1e-6f;

    private final LayerNorm norm1, norm2;
    private final Linear qkv, out, up, down;
    private final int width, heads;

    VitBlock(Weights w, int width, int heads, int mlpWidth) {
        this.width = width;
        this.heads = heads;
        norm1 = new LayerNorm(w.at("norm1"), width, EPS);
        qkv = new Linear(w.at("attn.qkv"), width, 3 * width);
        out = new Linear(w.at("attn.proj"), width, width);
        norm2 = new LayerNorm(w.at("norm2"), width, EPS);
        up = new Linear(w.at("mlp.fc1"), width, mlpWidth);
        down = new Linear(w.at("mlp.fc2"), mlpWidth, width);
    }

    Tensor forward(Tensor x) {
        try (Scope s = Scope.open()) {
            Tensor all = qkv.forward(norm1.forward(x));
            Tensor q = all.slice(2, 0, width), k = all.slice(2, width, 2 * width), v = all.slice(2, 2 * width, 3 * width);
            Tensor h = x.add(out.forward(q.attention(k, v, heads, false)));
            return s.keep(h.add(down.forward(up.forward(norm2.forward(h)).gelu())));
        }
    }
}
