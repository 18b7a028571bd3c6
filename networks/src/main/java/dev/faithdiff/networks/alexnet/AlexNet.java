package dev.faithdiff.networks.alexnet;

import dev.faithdiff.networks.Backbone;
import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.PoolOp;
import java.util.ArrayList;
import java.util.List;

/** The five convolutions of AlexNet (torchvision alexnet, {@code features}). Its maps are those after each ReLU. */
public final class AlexNet implements Backbone {
    private static final int[] LAYERS = {0, 3, 6, 8, 10}, KERNELS = {11, 5, 3, 3, 3};
    private static final Conv2dOp FIRST = new Conv2dOp(4, 2, 2, 2, 2);
    private static final PoolOp POOL = new PoolOp(PoolOp.Kind.MAX, 3, 2, 0);
    /** Convolutions that see pooled maps. */
    private static final int POOLED = 2;
    /** The first convolution makes 7 pixels of these, of which two poolings leave one. */
    private static final int LEAST = 31;

    private final int[] channels = new int[LAYERS.length];
    private final Conv2d[] convolutions = new Conv2d[LAYERS.length];

    public AlexNet(Weights w, NamedShapes s) {
        int in = 3;
        for (int i = 0; i < LAYERS.length; i++) {
            channels[i] = s.size("features." + LAYERS[i] + ".weight", 0);
            int k = KERNELS[i], p = k / 2;
            convolutions[i] = new Conv2d(w.at("features", LAYERS[i]), in, channels[i], k, i == 0 ? FIRST : new Conv2dOp(1, p, p, p, p));
            in = channels[i];
        }
    }

    @Override public int[] channels() { return channels.clone(); }

    @Override public int leastSide() { return LEAST; }

    @Override public List<Tensor> maps(Tensor x) {
        List<Tensor> maps = new ArrayList<>();
        try (Scope s = Scope.open()) {
            Tensor h = x;
            for (int i = 0; i < LAYERS.length; i++) {
                if (i > 0 && i <= POOLED) h = s.replace(h, h.pool(POOL));
                h = s.replace(h, convolutions[i].forward(h));
                h = s.replace(h, h.relu());
                maps.add(s.keep(h));
            }
        }
        return maps;
    }
}
