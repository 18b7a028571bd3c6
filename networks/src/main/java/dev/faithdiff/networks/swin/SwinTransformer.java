package dev.faithdiff.networks.swin;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.LayerNorm;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import java.util.ArrayList;
import java.util.List;

/** The Swin transformer as it encodes images: patches, then stages of blocks, each of half the side and twice the width of the one before. */
public final class SwinTransformer {
    /** The last stage has no merging: null. */
    private record Stage(List<SwinBlock> blocks, PatchMerging merging) {}

    private final Conv2d patches;
    private final LayerNorm patchNorm, norm;
    private final List<Stage> stages = new ArrayList<>();

    /** @param side of the square images that it sees */
    public SwinTransformer(Weights w, SwinConfig c, int side) {
        patches = new Conv2d(w.at("patch_embed.proj"), 3, c.width(0), c.patch(), new Conv2dOp(c.patch(), 0, 0, 0, 0));
        patchNorm = new LayerNorm(w.at("patch_embed.norm"), c.width(0), SwinBlock.EPS);
        for (int i = 0; i < c.stages(); i++) stages.add(stage(w.at("layers", i), c, i, side / c.patch() >> i));
        norm = new LayerNorm(w.at("norm"), c.width(c.stages() - 1), SwinBlock.EPS);
    }

    /** Where one window is the whole map, nothing is shifted. @param side of the stage's map */
    private static Stage stage(Weights w, SwinConfig c, int i, int side) {
        List<SwinBlock> blocks = new ArrayList<>();
        int width = c.width(i);
        for (int j = 0; j < c.depths()[i]; j++) {
            blocks.add(new SwinBlock(w.at("blocks", j), width, c.heads()[i], c.window(), c.mlpRatio() * width, j % 2 == 1 && side > c.window()));
        }
        return new Stage(blocks, i < c.stages() - 1 ? new PatchMerging(w.at("downsample"), width) : null);
    }

    /** An image {@code [1, side, side, 3]} as features {@code [1, side/32, side/32, width]} for four stages of patches of 4. */
    public Tensor forward(Tensor image) {
        try (Scope s = Scope.open()) {
            Tensor h = patchNorm.forward(patches.forward(image));                                  // [1, side/4, side/4, width]
            for (Stage stage : stages) {
                for (SwinBlock block : stage.blocks) h = s.replace(h, block.forward(h));
                if (stage.merging != null) h = s.replace(h, stage.merging.forward(h));             // half the sides, twice the width
            }
            return s.keep(norm.forward(h));
        }
    }
}
