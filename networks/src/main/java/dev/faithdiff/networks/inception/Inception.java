package dev.faithdiff.networks.inception;

import dev.faithdiff.networks.inception.MixedBlock.Kind;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.PoolOp;
import java.util.ArrayList;
import java.util.List;

/**
 * The Inception v3 of the Frechet distance: TensorFlow's of 2015, whose means leave padding out and whose last block pools by the maximum. Its
 * features are the means of the last maps. Source: pytorch-fid inception.py.
 */
public final class Inception {
    /** The side of the images that it takes. */
    public static final int SIDE = 299;
    private static final PoolOp POOL = new PoolOp(PoolOp.Kind.MAX, 3, 2, 0);

    private final Unit conv1a, conv2a, conv2b, conv3b, conv4a;
    private final List<MixedBlock> blocks = new ArrayList<>();

    public Inception(Weights w, NamedShapes s) {
        conv1a = new Unit(w, s, "Conv2d_1a_3x3", 2, false);
        conv2a = new Unit(w, s, "Conv2d_2a_3x3", 1, false);
        conv2b = new Unit(w, s, "Conv2d_2b_3x3", 1, true);
        conv3b = new Unit(w, s, "Conv2d_3b_1x1", 1, true);
        conv4a = new Unit(w, s, "Conv2d_4a_3x3", 1, false);
        for (String name : new String[] {"5b", "5c", "5d"}) add(w, s, name, Kind.A);
        add(w, s, "6a", Kind.B);
        for (String name : new String[] {"6b", "6c", "6d", "6e"}) add(w, s, name, Kind.C);
        add(w, s, "7a", Kind.D);
        add(w, s, "7b", Kind.E);
        blocks.add(new MixedBlock(w, s, "Mixed_7c", Kind.E, PoolOp.Kind.MAX));
    }

    private void add(Weights w, NamedShapes s, String name, Kind kind) { blocks.add(new MixedBlock(w, s, "Mixed_" + name, kind, PoolOp.Kind.MEAN)); }

    /** {@code [B, 299, 299, 3]} in -1..1 to {@code [B, features]} (released: 2048). */
    public Tensor forward(Tensor x) {
        try (Scope s = Scope.open()) {
            Tensor h = conv1a.forward(x);                                             // [B, 149, 149, 32]
            h = s.replace(h, conv2a.forward(h));
            h = s.replace(h, conv2b.forward(h));                                      // [B, 147, 147, 64]
            h = s.replace(h, h.pool(POOL));
            h = s.replace(h, conv3b.forward(h));
            h = s.replace(h, conv4a.forward(h));                                      // [B, 71, 71, 192]
            h = s.replace(h, h.pool(POOL));                                           // [B, 35, 35, 192]
            for (MixedBlock b : blocks) h = s.replace(h, b.forward(h));               // [B, 8, 8, 2048]
            return s.keep(h.mean(1, 2).reshape(h.size(0), h.size(3)));
        }
    }
}
