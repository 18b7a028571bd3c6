package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/** LayerNorm of x {@code [..., C]} over the last axis with weight and bias {@code [C]}, biased variance. */
public record LayerNormOp(float eps) implements Op {
    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 3, 3);
        require(in[0].rank() >= 1, in, "takes x [..., C]");
        Shape channels = Shape.of(in[0].size(-1));
        require(in[1].shape().equals(channels) && in[2].shape().equals(channels), in, "weight and bias are [" + in[0].size(-1) + "]");
        return in[0].shape();
    }

    /** Mean and 1/sqrt(variance + eps) of the row that starts at {@code row}. */
    private double[] moments(Tensor x, long row) {
        int n = x.size(-1);
        double sum = 0, squares = 0;
        for (int i = 0; i < n; i++) sum += x.get(row + i);
        double mean = sum / n;
        for (int i = 0; i < n; i++) squares += (x.get(row + i) - mean) * (x.get(row + i) - mean);
        return new double[] {mean, 1 / Math.sqrt(squares / n + eps)};
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        int n = out.size(-1);
        for (long row = 0; row < out.count(); row += n) {
            double[] m = moments(in[0], row);
            for (int i = 0; i < n; i++) out.set(row + i, (in[0].get(row + i) - m[0]) * m[1] * in[1].get(i) + in[2].get(i));
        }
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        Tensor[] g = new Tensor[3];
        if (wanted[0]) g[0] = Engine.run(new Grad(eps, 0), in[0], in[1], grad);
        if (wanted[1]) g[1] = Engine.run(new Grad(eps, 1), in[0], in[1], grad);
        if (wanted[2]) g[2] = grad.reshape(-1, in[0].size(-1)).sum(0).reshape(in[0].size(-1));
        return g;
    }

    @Override public long flops(Tensor[] in) { return 7 * in[0].count(); }

    /** Gradient with respect to x (operand 0) or the weight (operand 1), of operands x, weight, grad. */
    public record Grad(float eps, int operand) implements Op {
        @Override public Shape shape(Tensor[] in) {
            requireOperands(in, 3, 3);
            new LayerNormOp(eps).shape(new Tensor[] {in[0], in[1], in[1]});
            require(in[0].shape().equals(in[2].shape()), in, "x and the gradient have one shape");
            return in[operand].shape();
        }

        @Override public void reference(Tensor[] in, Tensor out) {
            int n = in[0].size(-1);
            double[] dweight = new double[n];
            for (long row = 0; row < in[0].count(); row += n) {
                double[] m = new LayerNormOp(eps).moments(in[0], row);
                double sum = 0, dot = 0;
                for (int i = 0; i < n; i++) {
                    double hat = (in[0].get(row + i) - m[0]) * m[1], d = in[2].get(row + i);
                    dweight[i] += d * hat;
                    sum += d * in[1].get(i);
                    dot += d * in[1].get(i) * hat;
                }
                if (operand == 1) continue;
                for (int i = 0; i < n; i++) {
                    double hat = (in[0].get(row + i) - m[0]) * m[1];
                    out.set(row + i, m[1] * ((double) in[2].get(row + i) * in[1].get(i) - sum / n - hat * dot / n));
                }
            }
            if (operand == 1) for (int i = 0; i < n; i++) out.set(i, dweight[i]);
        }
    }
}
