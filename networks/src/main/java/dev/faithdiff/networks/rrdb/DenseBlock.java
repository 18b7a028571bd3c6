package dev.faithdiff.networks.rrdb;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;

/**
 * Five convolutions, each of which sees the block's input and what all before it made; the last one's result is scaled and added to
 * the input (BasicSR ResidualDenseBlock).
 */
final class DenseBlock {
    static final float SLOPE = 0.2f, RESIDUAL = 0.2f;
    /** Convolutions that add channels. */
    static final int GROWING = 4;

    private final Conv2d[] growing = new Conv2d[GROWING];
    private final Conv2d last;

    DenseBlock(Weights w, int features, int growth) {
        for (int i = 0; i < GROWING; i++) growing[i] = new Conv2d(w.at("conv" + (i + 1)), features + i * growth, growth, 3);
        last = new Conv2d(w.at("conv" + (GROWING + 1)), features + GROWING * growth, features, 3);
    }

    /** {@code [B, H, W, features]}, as the result. */
    Tensor forward(Tensor x) {
        try (Scope s = Scope.open()) {
            Tensor h = x;
            for (Conv2d c : growing) h = s.replace(h, grown(h, c));                   // [B, H, W, features + i * growth]
            h = s.replace(h, last.forward(h));
            h = s.replace(h, h.mul(RESIDUAL));
            return s.keep(x.add(h));
        }
    }

    private static Tensor grown(Tensor h, Conv2d c) {
        try (Scope s = Scope.open()) {
            Tensor more = c.forward(h);
            more = s.replace(more, more.leakyRelu(SLOPE));
            return s.keep(h.concat(3, more));
        }
    }
}
