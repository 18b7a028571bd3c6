package dev.faithdiff.networks.rrdb;

import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Residual-in-residual dense block: three dense blocks, whose result is scaled and added to the input (BasicSR RRDB). */
public final class Rrdb {
    private static final int DENSE = 3;

    private final List<DenseBlock> dense = new ArrayList<>();

    /** @param growth channels that each convolution of a dense block adds */
    public Rrdb(Weights w, int features, int growth) {
        for (int i = 1; i <= DENSE; i++) dense.add(new DenseBlock(w.at("rdb" + i), features, growth));
    }

    /** {@code [B, H, W, features]}, as the result. */
    public Tensor forward(Tensor x) {
        try (Scope s = Scope.open()) {
            Tensor h = x;
            for (DenseBlock d : dense) h = s.replace(h, d.forward(h));
            h = s.replace(h, h.mul(DenseBlock.RESIDUAL));
            return s.keep(x.add(h));
        }
    }
}
