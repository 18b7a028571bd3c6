package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/**
 * GroupNorm of x {@code [B, ..., C]} with weight and bias {@code [C]}, biased variance over all positions and the channels of a group,
 * optionally followed by SiLU.
 */
public record GroupNormOp(int groups, float eps, boolean silu) implements Op {
    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 3, 3);
        Tensor x = in[0];
        require(x.rank() >= 2, in, "takes x [B, ..., C]");
        require(groups >= 1 && x.size(-1) % groups == 0, in, x.size(-1) + " channels do not divide into " + groups + " groups");
        Shape channels = Shape.of(x.size(-1));
        require(in[1].shape().equals(channels) && in[2].shape().equals(channels), in, "weight and bias are [" + x.size(-1) + "]");
        return x.shape();
    }

    /** Mean and 1/sqrt(variance + eps) of one group of one sample. */
    private double[] moments(Tensor x, int b, int group) {
        int channels = x.size(-1), width = channels / groups;
        long pixels = x.count() / x.size(0) / channels, start = b * pixels * channels + (long) group * width;
        double sum = 0, squares = 0;
        for (long p = 0; p < pixels; p++) for (int c = 0; c < width; c++) sum += x.get(start + p * channels + c);
        double mean = sum / (pixels * width);
        for (long p = 0; p < pixels; p++) {
            for (int c = 0; c < width; c++) {
                double d = x.get(start + p * channels + c) - mean;
                squares += d * d;
            }
        }
        return new double[] {mean, 1 / Math.sqrt(squares / (pixels * width) + eps)};
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        Tensor x = in[0];
        int channels = x.size(-1), width = channels / groups;
        long pixels = x.count() / x.size(0) / channels;
        for (int b = 0; b < x.size(0); b++) {
            for (int g = 0; g < groups; g++) {
                double[] m = moments(x, b, g);
                for (long p = 0; p < pixels; p++) {
                    for (int c = g * width; c < (g + 1) * width; c++) {
                        long i = (b * pixels + p) * channels + c;
                        double y = (x.get(i) - m[0]) * m[1] * in[1].get(c) + in[2].get(c);
                        out.set(i, silu ? y * UnaryOp.sigmoid(y) : y);
                    }
                }
            }
        }
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        Tensor g = grad;
        if (silu) {
            Tensor y = in[0].groupNorm(in[1], in[2], groups, eps);
            g = Engine.run(new UnaryOp.Grad(new UnaryOp(UnaryOp.Kind.SILU, 0)), y, grad);
        }
        Tensor[] r = new Tensor[3];
        if (wanted[0]) r[0] = Engine.run(new Grad(groups, eps, 0), in[0], in[1], g);
        if (wanted[1]) r[1] = Engine.run(new Grad(groups, eps, 1), in[0], in[1], g);
        if (wanted[2]) r[2] = g.reshape(-1, in[0].size(-1)).sum(0).reshape(in[0].size(-1));
        return r;
    }

    @Override public long flops(Tensor[] in) { return (silu ? 11 : 7) * in[0].count(); }

    /** Gradient with respect to x (operand 0) or the weight (operand 1), of operands x, weight, grad. */
    public record Grad(int groups, float eps, int operand) implements Op {
        @Override public Shape shape(Tensor[] in) {
            requireOperands(in, 3, 3);
            require(in[0].shape().equals(in[2].shape()), in, "x and the gradient have one shape");
            return in[operand].shape();
        }

        @Override public void reference(Tensor[] in, Tensor out) {
            Tensor x = in[0];
            int channels = x.size(-1), width = channels / groups;
            long pixels = x.count() / x.size(0) / channels;
            double[] dweight = new double[channels];
            for (int b = 0; b < x.size(0); b++) {
                for (int g = 0; g < groups; g++) {
                    double[] m = new GroupNormOp(groups, eps, false).moments(x, b, g);
                    double sum = 0, dot = 0;
                    for (long p = 0; p < pixels; p++) {
                        for (int c = g * width; c < (g + 1) * width; c++) {
                            long i = (b * pixels + p) * channels + c;
                            double hat = (x.get(i) - m[0]) * m[1], d = in[2].get(i);
                            dweight[c] += d * hat;
                            sum += d * in[1].get(c);
                            dot += d * in[1].get(c) * hat;
                        }
                    }
                    if (operand == 1) continue;
                    double n = pixels * width;
                    for (long p = 0; p < pixels; p++) {
                        for (int c = g * width; c < (g + 1) * width; c++) {
                            long i = (b * pixels + p) * channels + c;
                            double hat = (x.get(i) - m[0]) * m[1];
                            out.set(i, m[1] * (in[2].get(i) * in[1].get(c) - sum / n - hat * dot / n));
                        }
                    }
                }
            }
            if (operand == 1) for (int c = 0; c < channels; c++) out.set(c, dweight[c]);
        }
    }
}
