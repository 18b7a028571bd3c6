package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/**
 * Pooling of x {@code [B, H, W, C]} over windows of {@code height x width} pixels, with one stride and one padding for both axes. A window of the
 * map's size pools globally. There is no window that reaches beyond the padded map, as with PyTorch's {@code ceil_mode=False}.
 */
public record PoolOp(Kind kind, int height, int width, int stride, int padding) implements Op {
    /**
     * MAX and MEAN ignore the padding (MEAN is PyTorch's {@code count_include_pad=False}; use {@link PadOp} first where zeros count). L2 is
     * DISTS' pooling, {@code sqrt(sum(w x^2) + 1e-12)} with Hann weights w that sum to 1 over the whole window.
     */
    public enum Kind { MAX, MEAN, L2 }

    /** What L2 adds under the root. */
    public static final double L2_EPS = 1e-12;

    /** Square windows. */
    public PoolOp(Kind kind, int size, int stride, int padding) { this(kind, size, size, stride, padding); }

    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 1, 1);
        require(in[0].rank() == 4 && in[0].size(1) > 0 && in[0].size(2) > 0, in, "takes x [B, H, W, C] of pixels");
        require(height >= 1 && width >= 1 && stride >= 1 && padding >= 0, in, "window and stride are positive, padding is not negative");
        require(2 * padding <= Math.min(height, width), in, "padding is at most half of the window");
        int h = in[0].size(1) + 2 * padding - height, w = in[0].size(2) + 2 * padding - width;
        require(h >= 0 && w >= 0, in, "the padded map is smaller than the window");
        return in[0].shape().with(1, h / stride + 1).with(2, w / stride + 1);
    }

    /** The Hann window of {@code size} values between its two zeros, with sum 1: 1/4, 1/2, 1/4 for 3. */
    public static double[] hann(int size) {
        double[] w = new double[size];
        for (int i = 0; i < size; i++) w[i] = (1 - Math.cos(2 * Math.PI * (i + 1) / (size + 1))) / (size + 1);
        return w;
    }

    /** Receives each pixel of the map that a window sees. */
    private interface Pixels {
        void at(int y, int x);
    }

    /** The window of result row {@code oy} and column {@code ox}, row by row. */
    private void each(Shape map, int oy, int ox, Pixels pixels) {
        int top = oy * stride - padding, left = ox * stride - padding;
        for (int y = Math.max(top, 0); y < Math.min(top + height, map.size(1)); y++) {
            for (int x = Math.max(left, 0); x < Math.min(left + width, map.size(2)); x++) pixels.at(y, x);
        }
    }

    /** One window in one channel: its value, and for MAX the pixel that has it. */
    private final class Window {
        private final Tensor x;
        private final int b, c, oy, ox;
        private final double[] down = hann(height), across = hann(width);
        private double value;
        private int count;
        private long first = -1;

        Window(Tensor x, Shape result, long element) {
            this.x = x;
            c = (int) (element % result.size(3));
            long pixel = element / result.size(3);
            ox = (int) (pixel % result.size(2));
            oy = (int) (pixel / result.size(2) % result.size(1));
            b = (int) (pixel / result.size(2) / result.size(1));
            each(x.shape(), oy, ox, (py, px) -> add(element(py, px), weight(py, px)));
            if (kind == Kind.MEAN) value /= count;
            if (kind == Kind.L2) value = Math.sqrt(value + L2_EPS);
        }

        private long element(int py, int px) { return (((long) b * x.size(1) + py) * x.size(2) + px) * x.size(3) + c; }

        private double weight(int py, int px) { return down[py - oy * stride + padding] * across[px - ox * stride + padding]; }

        private void add(long element, double weight) {
            double v = x.get(element);
            count++;
            if (kind == Kind.MEAN) value += v;
            if (kind == Kind.L2) value += weight * v * v;
            if (kind != Kind.MAX || first >= 0 && !(v > value) && !Double.isNaN(v)) return;
            first = element;
            value = v;
        }

        /** Adds the shares of the window's gradient to those of its pixels. */
        void spread(double grad, double[] sums) {
            if (kind == Kind.MAX) sums[(int) first] += grad;
            else each(x.shape(), oy, ox, (py, px) -> {
                long e = element(py, px);
                sums[(int) e] += kind == Kind.MEAN ? grad / count : grad * weight(py, px) * x.get(e) / value;
            });
        }
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        for (long i = 0; i < out.count(); i++) out.set(i, new Window(in[0], out.shape(), i).value);
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        return new Tensor[] {Engine.run(new Grad(this), in[0], grad)};
    }

    @Override public long flops(Tensor[] in) { return shape(in).count() * height * width; }

    /** Gradient with respect to x, of operands x and grad. That of a maximum goes to the first pixel that has it. */
    public record Grad(PoolOp of) implements Op {
        @Override public Shape shape(Tensor[] in) {
            requireOperands(in, 2, 2);
            Shape result = of.shape(new Tensor[] {in[0]});
            require(in[1].shape().equals(result), in, "the gradient has the result's shape " + result);
            return in[0].shape();
        }

        @Override public void reference(Tensor[] in, Tensor out) {
            double[] sums = new double[Math.toIntExact(out.count())];
            for (long i = 0; i < in[1].count(); i++) of.new Window(in[0], in[1].shape(), i).spread(in[1].get(i), sums);
            for (int i = 0; i < sums.length; i++) out.set(i, sums[i]);
        }

        @Override public long flops(Tensor[] in) { return 2 * in[1].count() * of.height * of.width; }
    }
}
