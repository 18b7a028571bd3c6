package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/**
 * {@link LinearOp} with a weight of 8 or 4 bits in groups of 32 neighbours along K that share a scale: x {@code [..., K]}, weight I8 {@code [N, K]}
 * or U8 {@code [N, K/2]}, scales F16 {@code [N, K/32]}, bias {@code [N]} or absent. It is for inference and has no gradient.
 *
 * <p>A number is a signed one of its bits times its group's scale. A byte of U8 holds two: of each group's 16 bytes, byte i has number i in its low
 * half and number i + 16 in its high half.
 */
public record GroupedLinearOp() implements Op {
    /** Numbers that share a scale. */
    public static final int GROUP = 32;

    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 3, 4);
        Tensor x = in[0], w = in[1], scales = in[2];
        require(x.rank() >= 1 && w.rank() == 2 && scales.rank() == 2, in, "takes x [..., K], a weight and scales of two axes");
        require((w.dtype() == DType.I8 || w.dtype() == DType.U8) && scales.dtype() == DType.F16, in, "takes a weight of I8 or U8, scales of F16");
        int n = w.size(0), k = columns(w);
        require(x.size(-1) == k && k % GROUP == 0, in, "x ends in " + x.size(-1) + ", weight takes " + k + ", a multiple of " + GROUP);
        require(scales.shape().equals(Shape.of(n, k / GROUP)), in, "scales are [" + n + ", " + k / GROUP + "]");
        require(in.length < 4 || in[3].shape().equals(Shape.of(n)), in, "the bias has one value for each of " + n + " outputs");
        return x.shape().with(-1, n);
    }

    /** The numbers in a row of a weight: K. */
    public static int columns(Tensor weight) { return weight.size(1) * (weight.dtype() == DType.U8 ? 2 : 1); }

    /** A number of a weight, without its scale. */
    public static int number(Tensor weight, int row, int column) {
        if (weight.dtype() == DType.I8) return (int) weight.get((long) row * weight.size(1) + column);
        int group = column / GROUP, at = column % GROUP, half = GROUP / 2;
        int both = (int) weight.get((long) row * weight.size(1) + group * half + at % half);
        return (at < half ? both << 28 : both << 24) >> 28;
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        int n = in[1].size(0), k = columns(in[1]);
        float[] row = new float[k];
        for (int j = 0; j < n; j++) {
            for (int i = 0; i < k; i++) row[i] = number(in[1], j, i) * in[2].get((long) j * (k / GROUP) + i / GROUP);
            for (long m = 0; m < out.count() / n; m++) {
                double sum = in.length > 3 ? in[3].get(j) : 0;
                for (int i = 0; i < k; i++) sum += (double) in[0].get(m * k + i) * row[i];
                out.set(m * n + j, sum);
            }
        }
    }

    @Override public long flops(Tensor[] in) { return 2 * in[0].count() * in[1].size(0); }
}
