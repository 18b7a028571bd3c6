package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;

/**
 * Rows of a table {@code [N, C]} by integer indices {@code [...]}, as {@code [..., C]}. The result has the table's type; F8 tables give
 * F32. Indices outside the table are refused when the op runs.
 */
public record GatherOp() implements Op {
    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 2, 2);
        require(in[0].rank() == 2 && !in[1].dtype().isFloating(), in, "takes a table [N, C] and integer indices");
        return gathered(in[1], in[0].size(1));
    }

    /** The shape of a row of {@code width} for each index. */
    private static Shape gathered(Tensor indices, int width) {
        int[] s = Arrays.copyOf(indices.shape().toArray(), indices.rank() + 1);
        s[s.length - 1] = width;
        return Shape.of(s);
    }

    @Override public DType dtype(Tensor[] in) { return in[0].dtype() == DType.F8_E4M3 ? DType.F32 : in[0].dtype(); }

    /** Index {@code i}, checked against the table. */
    private static long index(Op op, Tensor indices, long i, int rows, Tensor[] in) {
        long index = indices.dtype().getLong(indices.segment(), i * indices.dtype().bytes());
        op.require(index >= 0 && index < rows, in, "index " + index + " is not a row of the table");
        return index;
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        int c = in[0].size(1);
        for (long i = 0; i < in[1].count(); i++) {
            long row = index(this, in[1], i, in[0].size(0), in);
            for (int j = 0; j < c; j++) out.set(i * c + j, in[0].get(row * c + j));
        }
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        return new Tensor[] {Engine.run(new Grad(in[0].size(0)), grad, in[1]), null};
    }

    @Override public long flops(Tensor[] in) { return 0; }

    /** Gradient with respect to the table of {@code rows}, of operands grad {@code [..., C]} and indices: rows of equal index are added up. */
    public record Grad(int rows) implements Op {
        @Override public Shape shape(Tensor[] in) {
            requireOperands(in, 2, 2);
            require(in[0].rank() >= 1 && in[0].shape().equals(gathered(in[1], in[0].size(-1))) && !in[1].dtype().isFloating(), in,
                    "takes a gradient [..., C] and its integer indices [...]");
            return Shape.of(rows, in[0].size(-1));
        }

        @Override public void reference(Tensor[] in, Tensor out) {
            int c = out.size(1);
            double[] sums = new double[Math.toIntExact(out.count())];
            for (long i = 0; i < in[1].count(); i++) {
                int row = (int) index(this, in[1], i, rows, in);
                for (int j = 0; j < c; j++) sums[row * c + j] += in[0].get(i * c + j);
            }
            for (int i = 0; i < sums.length; i++) out.set(i, sums[i]);
        }
    }
}
