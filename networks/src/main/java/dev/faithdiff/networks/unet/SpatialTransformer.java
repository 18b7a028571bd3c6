package dev.faithdiff.networks.unet;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.GroupNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;

/** Transformer blocks over the pixels of a feature map, with a residual (diffusers Transformer2DModel). */
public final class SpatialTransformer {
    private static final float EPS = 1e-6f;

    private final GroupNorm norm;
    private final Projection in, out;
    private final TransformerBlock[] blocks;

    /** A transformer of a U-Net's level. @param contextWidth width of the states that it attends to; 0: it has self-attention only */
    public SpatialTransformer(Weights w, UNetConfig c, int level, int depth, int contextWidth) {
        int channels = c.channels()[level], heads = c.transformers().heads()[level];
        norm = new GroupNorm(w.at("norm"), channels, c.norm().groups(channels), EPS);
        in = new Projection(w.at("proj_in"), channels, c.transformers().linear());
        blocks = new TransformerBlock[depth];
        for (int i = 0; i < depth; i++) blocks[i] = new TransformerBlock(w.at("transformer_blocks", i), channels, heads, contextWidth);
        out = new Projection(w.at("proj_out"), channels, c.transformers().linear());
    }

    /** One map of each pixel's channels; files hold it as a linear layer or as a 1x1 convolution. */
    private record Projection(Linear linear, Conv2d conv) {
        Projection(Weights w, int channels, boolean linear) {
            this(linear ? new Linear(w, channels, channels) : null, linear ? null : new Conv2d(w, channels, channels, 1));
        }

        Tensor forward(Tensor x) { return linear == null ? conv.forward(x) : linear.forward(x); }

        Tensor forward(Tensor x, Tensor addend) { return linear == null ? conv.forward(x, addend) : linear.forward(x, addend); }
    }

    /** @param x {@code [B, H, W, channels]} @param context null where it has self-attention only */
    public Tensor forward(Tensor x, Context context) {
        try (Scope s = Scope.open()) {
            int b = x.size(0), h = x.size(1), w = x.size(2), c = x.size(3);
            Tensor t = in.forward(norm.forward(x)).reshape(b, h * w, c);                // [B, H*W, C]
            for (TransformerBlock block : blocks) t = s.replace(t, block.forward(t, context));
            return s.keep(out.forward(t.reshape(b, h, w, c), x));
        }
    }
}
