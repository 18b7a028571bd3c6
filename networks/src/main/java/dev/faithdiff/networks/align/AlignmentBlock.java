package dev.faithdiff.networks.align;

import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.LayerNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;

/**
 * A transformer block over {@code [B, pixels, width]} whose attention runs, as in the released code, across the images of the batch at
 * each pixel and never across pixels. Of one image (or equal rows, as guidance has them) it is the linear map of value and output
 * projection (FaithDiff ResidualAttentionBlock with batch_first left false).
 */
final class AlignmentBlock {
    private final LayerNorm norm1, norm2;
    private final Tensor inWeight, inBias;
    private final Linear out, up, down;
    private final int width, heads;

    AlignmentBlock(Weights w, AlignConfig c) {
        width = c.width();
        heads = c.heads();
        norm1 = new LayerNorm(w.at("ln_1"), width, c.normEps());
        inWeight = w.get("attn.in_proj_weight", Init.uniform(width), 3 * width, width);
        inBias = w.get("attn.in_proj_bias", Init.ZERO, 3 * width);
        out = new Linear(w.at("attn.out_proj"), width, width);
        norm2 = new LayerNorm(w.at("ln_2"), width, c.normEps());
        up = new Linear(w.at("mlp.c_fc"), width, c.mlpRatio() * width);
        down = new Linear(w.at("mlp.c_proj"), c.mlpRatio() * width, width);
    }

    /** @param image keeps the folded projections for all steps of an image */
    Tensor forward(Tensor x, Context image) { return Tape.recompute(() -> run(x, image)); }

    private Tensor run(Tensor x, Context image) {
        try (Scope s = Scope.open()) {
            x = attend(norm1.forward(x), x, image);
            return s.keep(down.forward(up.forward(norm2.forward(x)).quickGelu(), x));
        }
    }

    private Tensor attend(Tensor x, Tensor residual, Context image) {
        if (x.size(0) == 1) {
            DType type = x.dtype();
            Tensor[] folded = image.kept(this, () -> new Tensor[] {folded().to(type), foldedBias(type)});
            return x.linearAdd(folded[0], folded[1], residual);
        }
        Tensor q = project(x, 0).permute(1, 0, 2);
        Tensor k = project(x, 1).permute(1, 0, 2);
        Tensor v = project(x, 2).permute(1, 0, 2);
        return out.forward(q.attention(k, v, heads, false).permute(1, 0, 2), residual); // [B, pixels, width]
    }

    /** Output after value projection as one matrix: training and files know the two. */
    private Tensor folded() { return out.weight().to(DType.F32).matmul(inWeight.slice(0, 2 * width, 3 * width).to(DType.F32)); }

    private Tensor foldedBias(DType dtype) {
        return out.forward(inBias.slice(0, 2 * width, 3 * width).to(dtype).reshape(1, width)).reshape(width);
    }

    /** Query (0), key (1) or value (2) projection. */
    private Tensor project(Tensor x, int part) {
        return x.linear(inWeight.slice(0, part * width, (part + 1) * width), inBias.slice(0, part * width, (part + 1) * width));
    }
}
