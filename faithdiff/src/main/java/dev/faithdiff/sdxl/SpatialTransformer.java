package dev.faithdiff.sdxl;

import dev.faithdiff.nn.GroupNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;

/** Transformer blocks over the pixels of a feature map, with a residual (diffusers Transformer2DModel with linear projections). */
public final class SpatialTransformer {
    private static final float EPS = 1e-6f;

    private final GroupNorm norm;
    private final Linear in, out;
    private final TransformerBlock[] blocks;

    public SpatialTransformer(Weights w, int channels, int heads, int depth, int textWidth, int groups) {
        norm = new GroupNorm(w.at("norm"), channels, groups, EPS);
        in = new Linear(w.at("proj_in"), channels, channels);
        blocks = new TransformerBlock[depth];
        for (int i = 0; i < depth; i++) blocks[i] = new TransformerBlock(w.at("transformer_blocks", i), channels, heads, textWidth);
        out = new Linear(w.at("proj_out"), channels, channels);
    }

    /** @param x {@code [B, H, W, channels]} */
    public Tensor forward(Tensor x, TextContext text) {
        try (Scope s = Scope.open()) {
            int b = x.size(0), h = x.size(1), w = x.size(2), c = x.size(3);
            Tensor t = in.forward(norm.forward(x).reshape(b, h * w, c));              // [B, H*W, C]
            for (TransformerBlock block : blocks) t = block.forward(t, text);
            return s.keep(x.add(out.forward(t).reshape(b, h, w, c)));
        }
    }
}
