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
        Tensor all = Engine.run(new Grad(this), in[0], in[1], in[2], grad);
        Tensor[] r = new Tensor[3];
        if (wanted[0]) r[0] = all.view(0, in[0].shape());
        // Copied: as views the gradients of weight and bias, which live long, would hold the memory of the input's.
        for (int i = 1; i < 3; i++) if (wanted[i]) r[i] = all.view(in[0].count() + (i - 1) * in[1].count(), in[1].shape()).mul(1);
        return r;
    }

    @Override public long flops(Tensor[] in) { return (silu ? 11 : 7) * in[0].count(); }

    /** Gradients with respect to x, weight and bias, concatenated into one result of rank 1, of operands x, weight, bias, grad. */
    public record Grad(GroupNormOp of) implements Op {
        @Override public Shape shape(Tensor[] in) {
            requireOperands(in, 4, 4);
            of.shape(new Tensor[] {in[0], in[1], in[2]});
            require(in[0].shape().equals(in[3].shape()), in, "x and the gradient have one shape");
            long count = in[0].count() + 2 * in[1].count();
            require(count <= Integer.MAX_VALUE, in, "gradients of " + count + " numbers do not fit one result");
            return Shape.of((int) count);
        }

        @Override public long[] parts(Tensor[] in) { return new long[] {in[0].count(), in[1].count(), in[2].count()}; }

        @Override public void reference(Tensor[] in, Tensor out) {
            Tensor x = in[0];
            int channels = x.size(-1), width = channels / of.groups;
            long pixels = x.count() / x.size(0) / channels;
            double[] dweight = new double[channels], dbias = new double[channels];
            for (int b = 0; b < x.size(0); b++) {
                for (int g = 0; g < of.groups; g++) {
                    double[] m = of.moments(x, b, g);
                    double sum = 0, dot = 0, n = pixels * width;
                    for (long p = 0; p < pixels; p++) {
                        for (int c = g * width; c < (g + 1) * width; c++) {
                            long i = (b * pixels + p) * channels + c;
                            double hat = (x.get(i) - m[0]) * m[1], d = slope(in, i, c, hat);
                            dweight[c] += d * hat;
                            dbias[c] += d;
                            sum += d * in[1].get(c);
                            dot += d * in[1].get(c) * hat;
                        }
                    }
                    for (long p = 0; p < pixels; p++) {
                        for (int c = g * width; c < (g + 1) * width; c++) {
                            long i = (b * pixels + p) * channels + c;
                            double hat = (x.get(i) - m[0]) * m[1];
                            out.set(i, m[1] * (slope(in, i, c, hat) * in[1].get(c) - sum / n - hat * dot / n));
                        }
                    }
                }
            }
            for (int c = 0; c < channels; c++) {
                out.set(x.count() + c, dweight[c]);
                out.set(x.count() + channels + c, dbias[c]);
            }
        }

        /** Gradient with respect to SiLU's input, or the gradient itself without SiLU. */
        private double slope(Tensor[] in, long i, int channel, double hat) {
            if (!of.silu) return in[3].get(i);
            double y = hat * in[1].get(channel) + in[2].get(channel), s = UnaryOp.sigmoid(y);
            return in[3].get(i) * s * (1 + y * (1 - s));
        }

        @Override public long flops(Tensor[] in) { return (of.silu ? 30 : 16) * in[0].count(); }
    }
}
