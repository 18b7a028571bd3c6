package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/** {@code [..., 2C] -> [..., C]}: the first half times the exact GELU of the second half (diffusers' GEGLU after its linear layer). */
public record GegluOp() implements Op {
    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 1, 1);
        require(in[0].rank() >= 1 && in[0].size(-1) % 2 == 0, in, "takes an even last axis");
        return in[0].shape().with(-1, in[0].size(-1) / 2);
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        int n = out.size(-1);
        for (long i = 0; i < out.count(); i++) {
            long value = i / n * 2 * n + i % n;
            double gate = in[0].get(value + n);
            out.set(i, in[0].get(value) * 0.5 * gate * (1 + Erf.erf(gate / Math.sqrt(2))));
        }
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        return new Tensor[] {Engine.run(new Grad(), in[0], grad)};
    }

    @Override public long flops(Tensor[] in) { return 4 * in[0].count(); }

    /** Gradient with respect to x, of operands x {@code [..., 2C]} and grad {@code [..., C]}. */
    public record Grad() implements Op {
        @Override public Shape shape(Tensor[] in) {
            requireOperands(in, 2, 2);
            require(in[1].shape().equals(new GegluOp().shape(new Tensor[] {in[0]})), in, "the gradient is half as wide as x");
            return in[0].shape();
        }

        @Override public void reference(Tensor[] in, Tensor out) {
            int n = in[1].size(-1);
            for (long i = 0; i < in[1].count(); i++) {
                long at = i / n * 2 * n + i % n;
                double value = in[0].get(at), gate = in[0].get(at + n), g = in[1].get(i);
                double cdf = 0.5 * (1 + Erf.erf(gate / Math.sqrt(2)));
                out.set(at, g * gate * cdf);
                out.set(at + n, g * value * (cdf + gate * Math.exp(-0.5 * gate * gate) / Math.sqrt(2 * Math.PI)));
            }
        }
    }
}
