package dev.faithdiff.networks.vgg;

import dev.faithdiff.networks.Backbone;
import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.PoolOp;
import java.util.ArrayList;
import java.util.List;

/**
 * The convolutions of VGG-16 (torchvision vgg16, {@code features}). Its maps are those after the last ReLU of each stage, 1_2 to 5_3.
 */
public final class Vgg16 implements Backbone {
    /** The maximum of 2x2 pixels, VGG's own pooling between stages. */
    public static final PoolOp MAX = new PoolOp(PoolOp.Kind.MAX, 2, 2, 0);
    /** Numbers of the convolutions in the list of layers. */
    private static final int[][] STAGES = {{0, 2}, {5, 7}, {10, 12, 14}, {17, 19, 21}, {24, 26, 28}};

    private final PoolOp pool;
    private final int[] channels = new int[STAGES.length];
    private final List<List<Conv2d>> stages = new ArrayList<>();

    /** @param pool between stages */
    public Vgg16(Weights w, NamedShapes s, PoolOp pool) {
        this.pool = pool;
        int in = 3;
        for (int i = 0; i < STAGES.length; i++) {
            List<Conv2d> stage = new ArrayList<>();
            for (int n : STAGES[i]) {
                int out = s.size("features." + n + ".weight", 0);
                stage.add(new Conv2d(w.at("features", n), in, out, 3));
                in = out;
            }
            stages.add(stage);
            channels[i] = in;
        }
    }

    @Override public int[] channels() { return channels.clone(); }

    @Override public int leastSide() { return pool.padding() > 0 ? 1 : 1 << STAGES.length - 1; }

    @Override public List<Tensor> maps(Tensor x) {
        List<Tensor> maps = new ArrayList<>();
        try (Scope s = Scope.open()) {
            Tensor h = x;
            for (List<Conv2d> stage : stages) {
                if (!maps.isEmpty()) h = s.replace(h, h.pool(pool));
                for (Conv2d c : stage) {
                    h = s.replace(h, c.forward(h));
                    h = s.replace(h, h.relu());
                }
                maps.add(s.keep(h));
            }
        }
        return maps;
    }
}
