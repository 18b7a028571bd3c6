package dev.faithdiff.networks.paq2piq;

import dev.faithdiff.networks.Scorer;
import dev.faithdiff.networks.resnet.ResNet;
import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.PoolOp;

/**
 * PaQ-2-PiQ (Ying et al., 2020): a ResNet's map of the whole image, pooled to four overlapping quarters. Source: paq2piq_arch.py (IQA-PyTorch),
 * torchvision roi_pool.
 */
public final class Paq2Piq implements Scorer {
    private static final int QUARTERS = 2;

    private final ResNet body;
    private final Norm norm1, norm2;
    private final Linear hidden, last;

    public Paq2Piq(Weights w, NamedShapes s) {
        body = new ResNet(w.at("body"), s, "body.", "0", "4", "5", "6", "7");
        int width = s.size("head.4.weight", 0);
        norm1 = new Norm(w.at("head.2"), 2 * body.channels());
        hidden = new Linear(w.at("head.4"), 2 * body.channels(), width);
        norm2 = new Norm(w.at("head.6"), width);
        last = new Linear(w.at("head.8"), width, 1);
    }

    @Override public int leastSide() { return 1; }

    @Override public Tensor forward(Tensor x, Tensor reference) {
        try (Scope s = Scope.open()) {
            Tensor quarters = quarters(body.forward(x), x.size(1), x.size(2));        // [1, 2, 2, C]
            Tensor most = quarters.pool(new PoolOp(PoolOp.Kind.MAX, QUARTERS, 1, 0)), h = most.concat(3, quarters.mean(1, 2));
            h = hidden.forward(norm1.forward(h.reshape(1, -1))).relu();
            return s.keep(last.forward(norm2.forward(h)).reshape(1));
        }
    }

    /** The maximum in each quarter of the box that is the image, as roi_pool rounds it: quarters overlap. One beyond the map is zero. */
    private static Tensor quarters(Tensor map, int height, int width) {
        Tensor all = null;
        for (int i = 0; i < QUARTERS * QUARTERS; i++) {
            int[] rows = span(i / QUARTERS, height, map.size(1)), columns = span(i % QUARTERS, width, map.size(2));
            Tensor most = most(map, rows, columns);
            all = all == null ? most : all.concat(2, most);
        }
        return all.reshape(1, QUARTERS, QUARTERS, map.size(3));
    }

    private static Tensor most(Tensor map, int[] rows, int[] columns) {
        if (rows[0] >= rows[1] || columns[0] >= columns[1]) return Tensor.zeros(map.device(), map.dtype(), Shape.of(1, 1, 1, map.size(3)));
        Tensor part = map.slice(1, rows[0], rows[1]).slice(2, columns[0], columns[1]);
        return part.pool(new PoolOp(PoolOp.Kind.MAX, part.size(1), part.size(2), 1, 0));
    }

    /** From where to where a half of the box is on the map. */
    private static int[] span(int half, int pixels, int size) {
        double bin = (Math.floor(pixels / (double) ResNet.SHRINK + 0.5) + 1) / QUARTERS;
        return new int[] {Math.min((int) Math.floor(half * bin), size), Math.min((int) Math.ceil((half + 1) * bin), size)};
    }

    /** A batch norm that no convolution is before: {@code [B, C]}, as the result. */
    private static final class Norm {
        private static final float EPS = 1e-5f;

        private final Tensor weight, bias, mean, variance;
        private final DType dtype;

        Norm(Weights w, int channels) {
            dtype = w.dtype();
            weight = w.get("weight", Init.ONE, channels);
            bias = w.get("bias", Init.ZERO, channels);
            mean = w.get("running_mean", Init.ZERO, channels);
            variance = w.get("running_var", Init.ONE, channels);
        }

        Tensor forward(Tensor x) {
            Tensor deviation = variance.to(dtype).affine(1, EPS).sqrt();
            return x.sub(mean).div(deviation).mul(weight).add(bias);
        }
    }
}
