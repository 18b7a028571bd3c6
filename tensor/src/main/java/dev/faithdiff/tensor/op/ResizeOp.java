package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/**
 * Resizing of x {@code [B, H, W, C]} to {@code height x width}, first one axis and then the other, as PyTorch's {@code interpolate} with
 * {@code align_corners=False}.
 *
 * @param antialias widens the filter when shrinking, and makes BICUBIC that of Pillow (a = -1/2)
 * @param factor    the scale factor of both axes if sample positions follow from it (PyTorch's {@code scale_factor}), 0 if from the sizes
 */
public record ResizeOp(Kind kind, boolean antialias, int height, int width, double factor) implements Op {
    /** NEAREST takes input row {@code y*H/height} rounded down. BICUBIC has a = -3/4, and repeats the border. */
    public enum Kind { NEAREST, BILINEAR, BICUBIC }

    /** A resizing whose sample positions follow from the sizes. */
    public ResizeOp(Kind kind, boolean antialias, int height, int width) { this(kind, antialias, height, width, 0); }

    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 1, 1);
        require(in[0].rank() == 4 && in[0].size(1) > 0 && in[0].size(2) > 0 && height > 0 && width > 0, in, "takes x [B, H, W, C] that is not empty");
        require(kind != Kind.NEAREST || !antialias && factor == 0, in, "NEAREST has neither antialias nor factor");
        require(factor == 0 || height == (int) (in[0].size(1) * factor) && width == (int) (in[0].size(2) * factor), in,
                "the sizes are not those by the factor");
        return in[0].shape().with(1, height).with(2, width);
    }

    /** NEAREST's input index of an output index along one axis: floor(i * (inputs / outputs)) in float, as published. */
    public static int source(int i, int inputs, int outputs) {
        return Math.min((int) (i * ((float) inputs / outputs)), inputs - 1);
    }

    /** How one axis is resized. */
    public Axis axis(int inputs, int outputs) {
        int reach = kind == Kind.NEAREST ? 1 : kind == Kind.BILINEAR ? 2 : 4;
        double step = factor > 0 ? 1 / factor : (double) inputs / outputs, wide = antialias ? Math.max(step, 1) : 1;
        Axis axis = new Axis(outputs, Math.min(inputs, antialias ? (int) Math.ceil(reach * wide) + 1 : reach));
        for (int o = 0; o < outputs; o++) {
            double center = step * (o + 0.5), support = reach / 2.0 * wide;
            if (kind == Kind.NEAREST) axis.set(o, inputs, source(o, inputs, outputs), 1, i -> 1);
            else if (antialias) {
                int first = Math.max((int) (center - support + 0.5), 0), end = Math.min((int) (center + support + 0.5), inputs);
                axis.set(o, inputs, first, end - first, i -> filter((i - center + 0.5) / wide, -0.5));
            } else {
                double at = kind == Kind.BILINEAR ? Math.max(center - 0.5, 0) : center - 0.5;
                axis.set(o, inputs, (int) Math.floor(at) - reach / 2 + 1, reach, i -> filter(i - at, -0.75));
            }
        }
        return axis;
    }

    /** The weight of a pixel at a distance: a triangle, or Keys' cubic convolution (1981). */
    private double filter(double distance, double a) {
        double x = Math.abs(distance);
        if (kind == Kind.BILINEAR) return Math.max(1 - x, 0);
        return x < 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : x < 2 ? a * (((x - 5) * x + 8) * x - 4) : 0;
    }

    /** Resizing of one axis: output {@code o} is the sum of the inputs from {@code first[o]} on by {@code weights[o * taps]} and the next ones. */
    public record Axis(int taps, int[] first, double[] weights) {
        private interface Filter {
            double at(int input);
        }

        private Axis(int outputs, int taps) { this(taps, new int[outputs], new double[outputs * taps]); }

        public int outputs() { return first.length; }

        /** Sets the weights of {@code count} inputs, clamped to the border, to the filter's values, scaled to sum 1. */
        private void set(int output, int inputs, int from, int count, Filter filter) {
            double sum = 0;
            first[output] = Math.clamp(from, 0, inputs - taps);
            for (int i = from; i < from + count; i++) sum += filter.at(i);
            for (int i = from; i < from + count; i++) {
                weights[output * taps + Math.clamp(i, 0, inputs - 1) - first[output]] += filter.at(i) / sum;
            }
        }

        /** The transpose, for gradients: each of {@code inputs} inputs sums the outputs that it contributes to. */
        public Axis transposed(int inputs) {
            int[] low = new int[inputs], high = new int[inputs];
            for (int o = outputs() - 1; o >= 0; o--) for (int t = 0; t < taps; t++) low[first[o] + t] = o;
            for (int o = 0; o < outputs(); o++) for (int t = 0; t < taps; t++) high[first[o] + t] = o + 1;
            int most = 1;
            for (int i = 0; i < inputs; i++) most = Math.max(most, high[i] - low[i]);
            Axis back = new Axis(inputs, most);
            for (int i = 0; i < inputs; i++) {
                back.first[i] = Math.min(low[i], outputs() - most);
                for (int o = low[i]; o < high[i]; o++) {
                    int t = i - first[o];
                    if (t >= 0 && t < taps) back.weights[i * most + o - back.first[i]] = weights[o * taps + t];
                }
            }
            return back;
        }

        /** Resizes the middle axis of {@code [outer, inputs, inner]}. */
        private double[] apply(double[] x, int inputs, int inner) {
            double[] y = new double[x.length / inputs * outputs()];
            for (int i = 0; i < y.length; i++) {
                int o = i / inner % outputs(), from = (i / inner / outputs() * inputs + first[o]) * inner + i % inner;
                for (int t = 0; t < taps; t++) y[i] += weights[o * taps + t] * x[from + t * inner];
            }
            return y;
        }

        /** Resizes height and width of a map. */
        private static void apply(Axis down, Axis across, Tensor x, Tensor out) {
            double[] values = new double[Math.toIntExact(x.count())];
            for (int i = 0; i < values.length; i++) values[i] = x.get(i);
            values = down.apply(values, x.size(1), x.size(2) * x.size(3));
            values = across.apply(values, x.size(2), x.size(3));
            for (int i = 0; i < values.length; i++) out.set(i, values[i]);
        }
    }

    @Override public void reference(Tensor[] in, Tensor out) { Axis.apply(axis(in[0].size(1), height), axis(in[0].size(2), width), in[0], out); }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        return new Tensor[] {Engine.run(new Grad(kind, antialias, in[0].size(1), in[0].size(2), factor), grad)};
    }

    @Override public long flops(Tensor[] in) {
        if (kind == Kind.NEAREST) return 0;
        Shape x = in[0].shape(), y = shape(in);
        return 2 * y.with(2, x.size(2)).count() * axis(x.size(1), height).taps + 2 * y.count() * axis(x.size(2), width).taps;
    }

    /** Gradient with respect to an input of {@code height x width}, of operand grad {@code [B, height', width', C]}; the rest is the op's. */
    public record Grad(Kind kind, boolean antialias, int height, int width, double factor) implements Op {
        @Override public Shape shape(Tensor[] in) {
            requireOperands(in, 1, 1);
            require(in[0].rank() == 4, in, "takes a gradient [B, H, W, C]");
            return in[0].shape().with(1, height).with(2, width);
        }

        /** How one axis of the gradient is resized to {@code inputs} values. */
        public Axis axis(int inputs, int outputs) {
            return new ResizeOp(kind, antialias, outputs, outputs, factor).axis(inputs, outputs).transposed(inputs);
        }

        @Override public void reference(Tensor[] in, Tensor out) { Axis.apply(axis(height, in[0].size(1)), axis(width, in[0].size(2)), in[0], out); }
    }
}
