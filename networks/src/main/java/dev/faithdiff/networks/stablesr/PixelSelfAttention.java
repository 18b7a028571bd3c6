package dev.faithdiff.networks.stablesr;

import dev.faithdiff.nn.GroupNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;

/**
 * Attention of all pixels to each other, with a residual. One matrix makes query, key and value, which lie together head by head (guided-diffusion
 * AttentionBlock, its legacy order).
 */
final class PixelSelfAttention {
    private static final int PARTS = 3;

    private final GroupNorm norm;
    private final Linear qkv, out;
    private final int heads;

    PixelSelfAttention(Weights w, int channels, int heads, int groups) {
        this.heads = heads;
        norm = new GroupNorm(w.at("norm"), channels, groups, StructureEncoder.EPS);
        qkv = new Linear(w.at("qkv"), channels, PARTS * channels);
        out = new Linear(w.at("proj_out"), channels, channels);
    }

    /** @param x {@code [B, H, W, channels]} */
    Tensor forward(Tensor x) {
        try (Scope s = Scope.open()) {
            int b = x.size(0), tokens = x.size(1) * x.size(2), c = x.size(3);
            Tensor all = qkv.forward(norm.forward(x).reshape(b, tokens, c));                                   // [B, T, heads * 3 * d]
            Tensor parts = all.reshape(b * tokens, heads, PARTS, c / heads).permute(2, 0, 1, 3);               // [3, B*T, heads, d]
            Tensor[] qkv = new Tensor[PARTS];
            for (int i = 0; i < PARTS; i++) qkv[i] = parts.slice(0, i, i + 1).reshape(b, tokens, c);
            Tensor t = qkv[0].attention(qkv[1], qkv[2], heads, false);
            return s.keep(out.forward(t, x.reshape(b, tokens, c)).reshape(x.shape().toArray()));
        }
    }
}
