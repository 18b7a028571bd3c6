package dev.faithdiff.networks.resnet;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.PoolOp;
import java.util.ArrayList;
import java.util.List;

/** A ResNet of blocks of two convolutions (torchvision resnet18) without its last pooling. Convolutions hold the batch norms behind them. */
public final class ResNet {
    /** How much smaller its map is than the image. */
    public static final int SHRINK = 32;
    private static final PoolOp POOL = new PoolOp(PoolOp.Kind.MAX, 3, 2, 1);

    private final Conv2d first;
    private final List<Block> blocks = new ArrayList<>();
    private final int channels;

    /**
     * @param name   where its tensors are in {@code s}, with a dot
     * @param first  name of the first convolution
     * @param stages names of the lists of blocks
     */
    public ResNet(Weights w, NamedShapes s, String name, String first, String... stages) {
        int n = s.size(name + first + ".weight", 0);
        this.first = new Conv2d(w.at(first), 3, n, 7, new Conv2dOp(2, 3, 3, 3, 3));
        for (int i = 0; i < stages.length; i++) {
            String stage = name + stages[i];
            for (int j = 0; j < s.count(stage, "conv1.weight"); j++) {
                int out = s.size(stage + "." + j + ".conv1.weight", 0), stride = i > 0 && j == 0 ? 2 : 1;
                boolean changes = s.has(stage + "." + j + ".downsample.0.weight");
                blocks.add(new Block(w.at(stages[i], j), n, out, stride, changes));
                n = out;
            }
        }
        channels = n;
    }

    /** Of its map. */
    public int channels() { return channels; }

    /** {@code [B, H, W, 3]} to {@code [B, H/32, W/32, channels]}. */
    public Tensor forward(Tensor x) {
        try (Scope s = Scope.open()) {
            Tensor h = first.forward(x);                                              // [B, H/2, W/2, 64]
            h = s.replace(h, h.relu());
            h = s.replace(h, h.pool(POOL));                                           // [B, H/4, W/4, 64]
            for (Block b : blocks) h = s.replace(h, b.forward(h));
            return s.keep(h);
        }
    }

    /** Two convolutions with a shortcut. */
    private static final class Block {
        private final Conv2d conv1, conv2, shortcut;

        Block(Weights w, int in, int out, int stride, boolean changes) {
            conv1 = new Conv2d(w.at("conv1"), in, out, 3, new Conv2dOp(stride, 1, 1, 1, 1));
            conv2 = new Conv2d(w.at("conv2"), out, out, 3);
            shortcut = changes ? new Conv2d(w.at("downsample.0"), in, out, 1, new Conv2dOp(stride, 0, 0, 0, 0)) : null;
        }

        Tensor forward(Tensor x) {
            try (Scope s = Scope.open()) {
                Tensor h = conv1.forward(x);
                h = s.replace(h, h.relu());
                h = s.replace(h, conv2.forward(h));
                h = s.replace(h, h.add(shortcut == null ? x : shortcut.forward(x)));
                return s.keep(h.relu());
            }
        }
    }
}
