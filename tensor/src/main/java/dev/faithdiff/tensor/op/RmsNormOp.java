package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/** Root mean square norm of x {@code [..., C]} over the last axis with weight {@code [C]}: {@code x / sqrt(mean(x^2) + eps) * weight} (T5, LLaMA). */
public record RmsNormOp(float eps) implements Op {
    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 2, 2);
        require(in[0].rank() >= 1, in, "takes x [..., C]");
        require(in[1].shape().equals(Shape.of(in[0].size(-1))), in, "the weight is [" + in[0].size(-1) + "]");
        return in[0].shape();
    }

    /** 1/sqrt(mean(x^2) + eps) of the row that starts at {@code row}. */
    private double scale(Tensor x, long row) {
        int n = x.size(-1);
        double squares = 0;
        for (int i = 0; i < n; i++) squares += (double) x.get(row + i) * x.get(row + i);
        return 1 / Math.sqrt(squares / n + eps);
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        int n = out.size(-1);
        for (long row = 0; row < out.count(); row += n) {
            double scale = scale(in[0], row);
            for (int i = 0; i < n; i++) out.set(row + i, in[0].get(row + i) * scale * in[1].get(i));
        }
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        Tensor[] g = new Tensor[2];
        for (int i = 0; i < 2; i++) if (wanted[i]) g[i] = Engine.run(new Grad(eps, i), in[0], in[1], grad);
        return g;
    }

    @Override public long flops(Tensor[] in) { return 4 * in[0].count(); }

    /** Gradient with respect to x (operand 0) or the weight (operand 1), of operands x, weight, grad. */
    public record Grad(float eps, int operand) implements Op {
        @Override public Shape shape(Tensor[] in) {
            requireOperands(in, 3, 3);
            new RmsNormOp(eps).shape(new Tensor[] {in[0], in[1]});
            require(in[0].shape().equals(in[2].shape()), in, "x and the gradient have one shape");
            return in[operand].shape();
        }

        @Override public void reference(Tensor[] in, Tensor out) {
            int n = in[0].size(-1);
            double[] dweight = new double[n];
            for (long row = 0; row < in[0].count(); row += n) {
                double scale = new RmsNormOp(eps).scale(in[0], row), dot = 0;
                for (int i = 0; i < n; i++) {
                    double hat = in[0].get(row + i) * scale, d = in[2].get(row + i);
                    dweight[i] += d * hat;
                    dot += d * in[1].get(i) * hat;
                }
                if (operand == 1) continue;
                for (int i = 0; i < n; i++) {
                    double hat = in[0].get(row + i) * scale;
                    out.set(row + i, scale * ((double) in[2].get(row + i) * in[1].get(i) - hat * dot / n));
                }
            }
            if (operand == 1) for (int i = 0; i < n; i++) out.set(i, dweight[i]);
        }
    }
}
