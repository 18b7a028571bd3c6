package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/**
 * {@link LinearOp} with a weight of signed bytes and a scale for each of its rows, {@code y = x (scales * weight)^T + b}: x {@code [..., K]}, weight
 * I8 {@code [N, K]}, scales F32 {@code [N]}, bias {@code [N]} or absent. It is for inference and has no gradient.
 */
public record QuantizedLinearOp() implements Op {
    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 3, 4);
        Tensor x = in[0], w = in[1];
        require(x.rank() >= 1 && w.rank() == 2, in, "takes x [..., K] and weight [N, K]");
        require(w.dtype() == DType.I8 && in[2].dtype() == DType.F32, in, "takes a weight of I8 and scales of F32");
        require(x.size(-1) == w.size(1), in, "x ends in " + x.size(-1) + ", weight takes " + w.size(1));
        for (int i = 2; i < in.length; i++) {
            require(in[i].shape().equals(Shape.of(w.size(0))), in, "scales and bias have one value for each of " + w.size(0) + " outputs");
        }
        return x.shape().with(-1, w.size(0));
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        int k = in[1].size(1), n = in[1].size(0);
        for (long m = 0; m < out.count() / n; m++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int i = 0; i < k; i++) sum += (double) in[0].get(m * k + i) * in[1].get((long) j * k + i);
                out.set(m * n + j, sum * in[2].get(j) + (in.length > 3 ? in[3].get(j) : 0));
            }
        }
    }

    @Override public long flops(Tensor[] in) { return 2 * in[0].count() * in[1].size(0); }
}
