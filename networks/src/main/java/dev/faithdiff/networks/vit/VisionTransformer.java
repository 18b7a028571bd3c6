package dev.faithdiff.networks.vit;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import java.util.ArrayList;
import java.util.List;

/** A vision transformer (timm vit_base_patch8_224), as far as inner states of its blocks are wanted. */
public final class VisionTransformer {
    private final Conv2d patches;
    private final Tensor token, positions;
    private final DType dtype;
    private final int width, patch;
    private final List<VitBlock> blocks = new ArrayList<>();

    /** @param name where its tensors are in {@code s}, with a dot @param count of the blocks that are needed */
    public VisionTransformer(Weights w, NamedShapes s, String name, int heads, int count) {
        dtype = w.dtype();
        width = s.size(name + "patch_embed.proj.weight", 0);
        patch = s.size(name + "patch_embed.proj.weight", 2);
        patches = new Conv2d(w.at("patch_embed.proj"), 3, width, patch, new Conv2dOp(patch, 0, 0, 0, 0));
        token = w.get("cls_token", Init.normal(0.02f), 1, 1, width);
        positions = w.get("pos_embed", Init.normal(0.02f), 1, s.size(name + "pos_embed", 1), width);
        int mlpWidth = s.size(name + "blocks.0.mlp.fc1.weight", 0);
        for (int i = 0; i < count; i++) blocks.add(new VitBlock(w.at("blocks", i), width, heads, mlpWidth));
    }

    /** Side of a patch in pixels. */
    public int patch() { return patch; }

    public int width() { return width; }

    /** The states after each block from {@code first} on, without the class token: {@code [1, patches, width]} of {@code [1, H, W, 3]}. */
    public List<Tensor> states(Tensor x, int first) {
        List<Tensor> states = new ArrayList<>();
        try (Scope s = Scope.open()) {
            Tensor h = patches.forward(x);
            int count = h.size(1) * h.size(2);
            h = token.to(dtype).concat(1, h.reshape(1, count, width)).add(positions.to(dtype));
            for (int i = 0; i < blocks.size(); i++) {
                h = s.replace(h, blocks.get(i).forward(h));
                if (i >= first) states.add(s.keep(h.slice(1, 1, count + 1)));
            }
        }
        return states;
    }
}
