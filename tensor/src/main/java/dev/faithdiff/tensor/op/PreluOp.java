package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/** Parametric ReLU of x {@code [..., C]} with a slope for each channel {@code [C]}: values below zero are multiplied by the slope. */
public record PreluOp() implements Op {
    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 2, 2);
        requireSlopes(this, in);
        return in[0].shape();
    }

    private static void requireSlopes(Op op, Tensor[] in) {
        op.require(in[0].rank() >= 1, in, "takes x [..., C]");
        op.require(in[1].shape().equals(Shape.of(in[0].size(-1))), in, "the slopes are [" + in[0].size(-1) + "]");
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        int channels = out.size(-1);
        for (long i = 0; i < out.count(); i++) {
            double x = in[0].get(i);
            out.set(i, x >= 0 ? x : x * in[1].get(i % channels));
        }
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        Tensor[] g = new Tensor[2];
        int channels = in[0].size(-1);
        if (wanted[0]) g[0] = Engine.run(new Grad(), in[0], in[1], grad);
        if (wanted[1]) g[1] = in[0].clamp(Float.NEGATIVE_INFINITY, 0).mul(grad).reshape(-1, channels).sum(0).reshape(channels);
        return g;
    }

    @Override public long flops(Tensor[] in) { return 2 * in[0].count(); }

    /** Gradient with respect to x, of operands x, slopes and grad; at zero it is the negative side's, as in PyTorch. */
    public record Grad() implements Op {
        @Override public Shape shape(Tensor[] in) {
            requireOperands(in, 3, 3);
            requireSlopes(this, in);
            require(in[0].shape().equals(in[2].shape()), in, "x and the gradient have one shape");
            return in[0].shape();
        }

        @Override public void reference(Tensor[] in, Tensor out) {
            int channels = out.size(-1);
            for (long i = 0; i < out.count(); i++) {
                double g = in[2].get(i);
                out.set(i, in[0].get(i) > 0 ? g : g * in[1].get(i % channels));
            }
        }

        @Override public long flops(Tensor[] in) { return 2 * in[0].count(); }
    }
}
