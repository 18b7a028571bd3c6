package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/**
 * Twice the height and width by repeating pixels, then a 3x3 convolution that keeps the size: x {@code [B, H, W, I]}, weight {@code [O, 3, 3, I]},
 * bias {@code [O]} or absent, to {@code [B, 2H, 2W, O]}.
 */
public record UpsampleConv2dOp() implements FusedOp {
    private static final Conv2dOp CONV = new Conv2dOp(1, 1, 1, 1, 1);

    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 2, 3);
        Shape x = in[0].shape(), w = in[1].shape();
        require(x.rank() == 4 && w.rank() == 4 && w.size(1) == 3 && w.size(2) == 3, in, "takes x [B, H, W, I] and weight [O, 3, 3, I]");
        require(x.size(3) == w.size(3), in, "x has " + x.size(3) + " channels, weight takes " + w.size(3));
        require(in.length < 3 || in[2].shape().equals(Shape.of(w.size(0))), in, "the bias has one value for each of " + w.size(0) + " outputs");
        return Shape.of(x.size(0), 2 * x.size(1), 2 * x.size(2), w.size(0));
    }

    @Override public Tensor compose(Tensor[] in) {
        try (Scope s = Scope.open()) {
            Tensor wide = in[0].upsample(2 * in[0].size(1), 2 * in[0].size(2));
            return s.keep(wide.conv2d(in[1], in.length > 2 ? in[2] : null, CONV));
        }
    }

    @Override public long flops(Tensor[] in) { return 2 * shape(in).count() * in[1].shape().count(1, 4); }

    /**
     * The same as four convolutions of x by 2x2 kernels, one for each place of a pixel among the four that one of x becomes: of a weight
     * {@code [O, 3, 3, I]} the sums of the values that meet the same pixel of x, {@code [4, O, 2, 2, I]}, the place being {@code 2 * row + column}.
     * In row 0 they meet the row above and the pixel's own, in row 1 its own and the one below; in columns alike.
     *
     * @param dtype the result's type
     */
    public record Phases(DType dtype) implements Op {
        @Override public Shape shape(Tensor[] in) {
            requireOperands(in, 1, 1);
            Shape w = in[0].shape();
            require(w.rank() == 4 && w.size(1) == 3 && w.size(2) == 3, in, "takes a weight [O, 3, 3, I]");
            return Shape.of(4, w.size(0), 2, 2, w.size(3));
        }

        @Override public DType dtype(Tensor[] in) { return dtype; }

        @Override public void reference(Tensor[] in, Tensor out) {
            int outputs = in[0].size(0), channels = in[0].size(3);
            double[] sums = new double[Math.toIntExact(out.count())];
            for (int phase = 0; phase < 4; phase++) {
                for (int o = 0; o < outputs; o++) {
                    for (int k = 0; k < 9; k++) {
                        int row = met(phase / 2, k / 3), column = met(phase % 2, k % 3);
                        int to = ((phase * outputs + o) * 4 + 2 * row + column) * channels;
                        for (int i = 0; i < channels; i++) sums[to + i] += in[0].get(((long) o * 9 + k) * channels + i);
                    }
                }
            }
            for (int i = 0; i < sums.length; i++) out.set(i, sums[i]);
        }

        /** Which of the two rows or columns of x a row or column of the 3x3 kernel meets. */
        private static int met(int place, int k) { return (k + place + 1) / 2 - place; }
    }
}
