package dev.faithdiff.networks.clip;

import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.ResizeOp;

/** An image encoder of CLIP: a vision transformer or a ResNet. */
public interface ClipImageEncoder {
    /** How position embeddings are adapted to an image with another number of patches than the encoder was trained with. */
    enum Positions {
        /** The image must have that number. */
        FIXED,
        /** The table {@code [positions, width]} is resized as one map, the row of the class token included (CLIP-IQA). */
        RESIZED,
        /** There is no table (CLIP-IQA with a ResNet). */
        NONE
    }

    /** The side of the square images that it was trained with. */
    int side();

    /** Pixels that each side of an image must have. */
    int leastSide();

    /** {@code [B, H, W, 3]}, normalized, to {@code [B, projection]}. */
    Tensor forward(Tensor x);

    /** The encoder to which these tensors belong. @param heads of the transformer; a ResNet's have 64 channels */
    static ClipImageEncoder of(Weights w, NamedShapes s, int heads, Positions positions) {
        return s.has(ClipVisionTransformer.PATCHES) ? new ClipVisionTransformer(w, s, heads, positions) : new ClipResNet(w, s, positions);
    }

    /** Positions {@code [N, width]} for {@code count} of them. */
    static Tensor positions(Tensor table, int count) {
        int n = table.size(0), width = table.size(1);
        if (n == count) return table;
        ResizeOp cubic = new ResizeOp(ResizeOp.Kind.BICUBIC, false, count, width);
        return table.reshape(1, n, width, 1).resize(cubic).reshape(count, width);
    }
}
