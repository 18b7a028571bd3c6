package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/** Softmax over the last axis. */
public record SoftmaxOp() implements Op {
    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 1, 1);
        require(in[0].rank() >= 1, in, "takes at least one axis");
        return in[0].shape();
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        int n = out.size(-1);
        for (long row = 0; row < out.count(); row += n) {
            double max = Double.NEGATIVE_INFINITY, sum = 0;
            for (int i = 0; i < n; i++) max = Math.max(max, in[0].get(row + i));
            for (int i = 0; i < n; i++) sum += Math.exp(in[0].get(row + i) - max);
            for (int i = 0; i < n; i++) out.set(row + i, Math.exp(in[0].get(row + i) - max) / sum);
        }
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        return new Tensor[] {Engine.run(new Grad(), out, grad)};
    }

    @Override public long flops(Tensor[] in) { return 5 * in[0].count(); }

    /** {@code y * (g - sum(y * g))} of operands y (the probabilities) and g. */
    public record Grad() implements Op {
        @Override public Shape shape(Tensor[] in) {
            requireOperands(in, 2, 2);
            require(in[0].shape().equals(in[1].shape()), in, "the probabilities and their gradient have one shape");
            return in[0].shape();
        }

        @Override public void reference(Tensor[] in, Tensor out) {
            int n = out.size(-1);
            for (long row = 0; row < out.count(); row += n) {
                double dot = 0;
                for (int i = 0; i < n; i++) dot += (double) in[0].get(row + i) * in[1].get(row + i);
                for (int i = 0; i < n; i++) out.set(row + i, in[0].get(row + i) * (in[1].get(row + i) - dot));
            }
        }
    }
}
