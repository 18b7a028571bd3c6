package dev.faithdiff.networks.maniqa;

import dev.faithdiff.networks.swin.SwinBlock;
import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Layers of Swin blocks with a convolution behind them, whose scaled result is added to what came in. */
final class SwinStage {
    private static final int HEADS = 4, WINDOW = 4;

    private final List<List<SwinBlock>> layers = new ArrayList<>();
    private final List<Conv2d> convolutions = new ArrayList<>();
    private final float scale;

    SwinStage(Weights weights, NamedShapes s, String name, float scale) {
        this.scale = scale;
        Weights w = weights.at(name);
        for (int i = 0; i < s.count(name + ".layers", "conv.weight"); i++) {
            String layer = name + ".layers." + i;
            int width = s.size(layer + ".conv.weight", 0);
            List<SwinBlock> blocks = new ArrayList<>();
            for (int j = 0; j < s.count(layer + ".blocks", "mlp.fc1.weight"); j++) {
                int mlpWidth = s.size(layer + ".blocks." + j + ".mlp.fc1.weight", 0);
                blocks.add(new SwinBlock(w.at("layers", i).at("blocks", j), width, HEADS, WINDOW, mlpWidth, j % 2 == 1));
            }
            layers.add(blocks);
            convolutions.add(new Conv2d(w.at("layers", i).at("conv"), width, width, 3));
        }
    }

    /** {@code [1, H, W, width]}, as the result. */
    Tensor forward(Tensor x) {
        try (Scope s = Scope.open()) {
            Tensor h = x;
            for (int i = 0; i < layers.size(); i++) {
                Tensor kept = h;
                for (SwinBlock b : layers.get(i)) h = b.forward(h);
                h = convolutions.get(i).forward(h).relu().mul(scale).add(kept);
            }
            return s.keep(h);
        }
    }
}
