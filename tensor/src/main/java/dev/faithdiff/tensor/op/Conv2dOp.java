package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/**
 * Convolution of x {@code [B, H, W, I]} with weight {@code [O, kh, kw, I/groups]} and bias {@code [O]} or none, with one stride for both axes and
 * a zero padding for each side (the VAE's downsampler pads only right and bottom).
 *
 * @param groups number of equal groups of neighbouring channels and outputs; an output sees the channels of its group. Depthwise if a group has one
 */
public record Conv2dOp(int stride, int top, int bottom, int left, int right, int groups) implements Op {
    public Conv2dOp(int stride, int top, int bottom, int left, int right) { this(stride, top, bottom, left, right, 1); }

    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 2, 3);
        Tensor x = in[0], w = in[1];
        require(x.rank() == 4 && w.rank() == 4, in, "takes x [B, H, W, I] and weight [O, kh, kw, I]");
        require(in.length < 3 || in[2].shape().equals(Shape.of(w.size(0))), in, "the bias has one value for each of " + w.size(0) + " outputs");
        return result(this, in, x.shape(), w.shape());
    }

    /** The result's shape for an x and a weight of these shapes. @throws OpError in the name of {@code op} if they do not fit each other */
    private Shape result(Op op, Tensor[] in, Shape x, Shape w) {
        op.require(groups >= 1 && w.size(0) % groups == 0, in, "outputs must divide into " + groups + " groups");
        op.require(x.size(3) == w.size(3) * groups, in, "x has " + x.size(3) + " channels, weight takes " + w.size(3) * groups);
        op.require(stride >= 1 && top >= 0 && bottom >= 0 && left >= 0 && right >= 0, in, "stride is positive, padding is not negative");
        int h = x.size(1) + top + bottom - w.size(1), v = x.size(2) + left + right - w.size(2);
        op.require(h >= 0 && v >= 0, in, "the padded input is smaller than the kernel");
        return Shape.of(x.size(0), h / stride + 1, v / stride + 1, w.size(0));
    }

    /** The convolution inside one group. */
    public Conv2dOp ungrouped() { return new Conv2dOp(stride, top, bottom, left, right); }

    /** Receives each element of the result with where the channels of its group begin in one pixel of x and in one tap of the weight. */
    private interface Products {
        void at(int out, long in, long weight);
    }

    /** Receives each pair of an output pixel and an input pixel that the kernel position {@code tap} connects, as pixel indices. */
    private interface Taps {
        void at(long outPixel, long inPixel, int tap);
    }

    private void products(Shape x, Shape w, Shape y, Products products) {
        int outputs = w.size(0), kernel = w.size(1) * w.size(2), channels = w.size(3), own = outputs / groups;
        each(x, w, y, (o, i, t) -> {
            for (int n = 0; n < outputs; n++) {
                products.at((int) (o * outputs) + n, i * x.size(3) + (long) (n / own) * channels, ((long) n * kernel + t) * channels);
            }
        });
    }

    private void each(Shape x, Shape w, Shape y, Taps taps) {
        int kh = w.size(1), kw = w.size(2);
        for (int b = 0; b < y.size(0); b++) {
            for (int oy = 0; oy < y.size(1); oy++) {
                for (int ox = 0; ox < y.size(2); ox++) {
                    long o = ((long) b * y.size(1) + oy) * y.size(2) + ox;
                    for (int t = 0; t < kh * kw; t++) {
                        int iy = oy * stride - top + t / kw, ix = ox * stride - left + t % kw;
                        if (iy < 0 || iy >= x.size(1) || ix < 0 || ix >= x.size(2)) continue;
                        taps.at(o, ((long) b * x.size(1) + iy) * x.size(2) + ix, t);
                    }
                }
            }
        }
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        int channels = in[1].size(3);
        double[] sums = new double[Math.toIntExact(out.count())];
        products(in[0].shape(), in[1].shape(), out.shape(), (o, i, w) -> {
            double sum = 0;
            for (int c = 0; c < channels; c++) sum += (double) in[0].get(i + c) * in[1].get(w + c);
            sums[o] += sum;
        });
        for (int i = 0; i < sums.length; i++) out.set(i, sums[i] + (in.length > 2 ? in[2].get(i % out.size(3)) : 0));
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        Tensor[] g = new Tensor[in.length];
        if (wanted[0]) g[0] = Engine.run(new InputGrad(this, in[0].size(1), in[0].size(2)), grad, in[1]);
        if (wanted[1]) g[1] = Engine.run(new WeightGrad(this, in[1].size(1), in[1].size(2)), grad, in[0]);
        if (in.length > 2 && wanted[2]) g[2] = grad.sum(0, 1, 2).reshape(grad.size(3));
        return g;
    }

    @Override public long flops(Tensor[] in) { return 2 * shape(in).count() * in[1].count() / Math.max(1, in[1].size(0)); }

    /** Gradient with respect to x, of operands grad {@code [B, Ho, Wo, O]} and weight, for an input of {@code height x width}. */
    public record InputGrad(Conv2dOp of, int height, int width) implements Op {
        @Override public Shape shape(Tensor[] in) {
            requireOperands(in, 2, 2);
            require(in[0].rank() == 4 && in[1].rank() == 4 && in[0].size(3) == in[1].size(0), in,
                    "takes grad [B, Ho, Wo, O] and weight [O, kh, kw, I]");
            Shape x = Shape.of(in[0].size(0), height, width, in[1].size(3) * of.groups), result = of.result(this, in, x, in[1].shape());
            require(in[0].shape().equals(result), in, "the gradient has the result's shape " + result);
            return x;
        }

        @Override public void reference(Tensor[] in, Tensor out) {
            int channels = in[1].size(3);
            double[] sums = new double[Math.toIntExact(out.count())];
            of.products(out.shape(), in[1].shape(), in[0].shape(), (o, i, w) -> {
                double g = in[0].get(o);
                for (int c = 0; c < channels; c++) sums[(int) i + c] += g * in[1].get(w + c);
            });
            for (int i = 0; i < sums.length; i++) out.set(i, sums[i]);
        }

        @Override public long flops(Tensor[] in) { return 2 * in[0].count() * in[1].count() / Math.max(1, in[1].size(0)); }
    }

    /** Gradient with respect to the weight, of operands grad {@code [B, Ho, Wo, O]} and x, for a kernel of {@code kh x kw}. */
    public record WeightGrad(Conv2dOp of, int kh, int kw) implements Op {
        @Override public Shape shape(Tensor[] in) {
            requireOperands(in, 2, 2);
            require(in[0].rank() == 4 && in[1].rank() == 4 && in[0].size(0) == in[1].size(0), in, "takes grad [B, Ho, Wo, O] and x [B, H, W, I]");
            require(in[0].size(3) % of.groups == 0 && in[1].size(3) % of.groups == 0, in,
                    "channels and outputs must divide into " + of.groups + " groups");
            Shape w = Shape.of(in[0].size(3), kh, kw, in[1].size(3) / of.groups), result = of.result(this, in, in[1].shape(), w);
            require(in[0].shape().equals(result), in, "the gradient has the result's shape " + result);
            return w;
        }

        @Override public void reference(Tensor[] in, Tensor out) {
            int channels = out.size(3);
            double[] sums = new double[Math.toIntExact(out.count())];
            of.products(in[1].shape(), out.shape(), in[0].shape(), (o, i, w) -> {
                double g = in[0].get(o);
                for (int c = 0; c < channels; c++) sums[(int) w + c] += g * in[1].get(i + c);
            });
            for (int i = 0; i < sums.length; i++) out.set(i, sums[i]);
        }

        @Override public long flops(Tensor[] in) { return 2 * in[0].count() * kh * kw * in[1].size(3) / of.groups; }
    }
}
