package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/** {@code y = x W^T + b}: x {@code [..., K]}, weight {@code [N, K]}, bias {@code [N]} or absent; the weight may be stored narrower. */
public record LinearOp() implements Op {
    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 2, 3);
        Tensor x = in[0], w = in[1];
        require(x.rank() >= 1 && w.rank() == 2, in, "takes x [..., K] and weight [N, K]");
        require(x.size(-1) == w.size(1), in, "x ends in " + x.size(-1) + ", weight takes " + w.size(1));
        require(in.length < 3 || in[2].shape().equals(Shape.of(w.size(0))), in, "the bias has one value for each of " + w.size(0) + " outputs");
        return x.shape().with(-1, w.size(0));
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        int k = in[1].size(1), n = in[1].size(0);
        for (long m = 0; m < out.count() / n; m++) {
            for (int j = 0; j < n; j++) {
                double sum = in.length > 2 ? in[2].get(j) : 0;
                for (int i = 0; i < k; i++) sum += (double) in[0].get(m * k + i) * in[1].get((long) j * k + i);
                out.set(m * n + j, sum);
            }
        }
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        int k = in[1].size(1), n = in[1].size(0);
        Tensor rows = grad.reshape(-1, n);
        Tensor[] g = new Tensor[in.length];
        if (wanted[0]) g[0] = rows.matmul(in[1]).reshape(in[0].shape().toArray());
        if (wanted[1]) g[1] = rows.matmul(in[0].reshape(-1, k), true, false);
        if (in.length > 2 && wanted[2]) g[2] = rows.sum(0).reshape(n);
        return g;
    }

    @Override public long flops(Tensor[] in) { return 2 * in[0].count() * in[1].size(0); }
}
