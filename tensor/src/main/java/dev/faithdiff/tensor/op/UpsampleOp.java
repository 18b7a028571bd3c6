package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/** Nearest resizing of x {@code [B, H, W, C]}: output row y takes input row {@code y*H/height} rounded down, as PyTorch's nearest does. */
public record UpsampleOp(int height, int width) implements Op {
    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 1, 1);
        require(in[0].rank() == 4 && in[0].size(1) > 0 && in[0].size(2) > 0 && height > 0 && width > 0, in, "takes x [B, H, W, C] that is not empty");
        return in[0].shape().with(1, height).with(2, width);
    }

    /** The input index of an output index along one axis: floor(i * (inputs / outputs)) in float, as published. */
    public static int source(int i, int inputs, int outputs) {
        return Math.min((int) (i * ((float) inputs / outputs)), inputs - 1);
    }

    /** The input element of output element {@code i}. */
    private long from(long i, Shape x) {
        int c = x.size(3);
        long pixel = i / c, b = pixel / width / height;
        int sy = source((int) (pixel / width % height), x.size(1), height), sx = source((int) (pixel % width), x.size(2), width);
        return ((b * x.size(1) + sy) * x.size(2) + sx) * c + i % c;
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        for (long i = 0; i < out.count(); i++) out.set(i, in[0].get(from(i, in[0].shape())));
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        return new Tensor[] {Engine.run(new Grad(in[0].size(1), in[0].size(2)), grad)};
    }

    @Override public long flops(Tensor[] in) { return 0; }

    /** Sums a gradient {@code [B, H, W, C]} back onto an input of {@code height x width}. */
    public record Grad(int height, int width) implements Op {
        @Override public Shape shape(Tensor[] in) {
            requireOperands(in, 1, 1);
            require(in[0].rank() == 4, in, "takes a gradient [B, H, W, C]");
            return in[0].shape().with(1, height).with(2, width);
        }

        @Override public void reference(Tensor[] in, Tensor out) {
            UpsampleOp forward = new UpsampleOp(in[0].size(1), in[0].size(2));
            double[] sums = new double[Math.toIntExact(out.count())];
            for (long i = 0; i < in[0].count(); i++) sums[(int) forward.from(i, out.shape())] += in[0].get(i);
            for (int i = 0; i < sums.length; i++) out.set(i, sums[i]);
        }
    }
}
