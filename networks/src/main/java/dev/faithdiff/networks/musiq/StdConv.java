package dev.faithdiff.networks.musiq;

import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;

/** A convolution without bias, each filter of whose weight is brought to mean 0 and deviation 1. Padding keeps the size but for the stride. */
final class StdConv {
    private static final float EPS = 1e-5f;

    private final Tensor weight;
    private final DType dtype;
    private final Conv2dOp op;

    StdConv(Weights w, int in, int out, int kernel, int stride) {
        weight = w.get("weight", Init.uniform(in * kernel * kernel), out, kernel, kernel, in);
        dtype = w.dtype();
        int all = kernel - stride, before = all / 2;
        op = new Conv2dOp(stride, before, all - before, before, all - before);
    }

    Tensor forward(Tensor x) {
        try (Scope s = Scope.open()) {
            return s.keep(x.conv2d(standard(), null, op));
        }
    }

    /** The deviation is the unbiased one. */
    private Tensor standard() {
        Tensor w = weight.to(dtype);
        long values = w.count() / w.size(0);
        Tensor centred = w.sub(w.mean(1, 2, 3));
        Tensor variance = centred.mul(centred).mean(1, 2, 3).mul((float) values / (values - 1));
        return centred.div(variance.sqrt().affine(1, EPS));
    }
}
