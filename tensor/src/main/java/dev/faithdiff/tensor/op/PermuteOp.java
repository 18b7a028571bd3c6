package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;

/** Axes in a new order: result axis i is the operand's axis {@code order[i]}. */
public record PermuteOp(int... order) implements Op {
    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 1, 1);
        int[] sorted = order.clone();
        Arrays.sort(sorted);
        boolean ok = sorted.length == in[0].rank();
        for (int i = 0; ok && i < sorted.length; i++) ok = sorted[i] == i;
        require(ok, in, Arrays.toString(order) + " is not an order of its axes");
        int[] s = new int[order.length];
        for (int i = 0; i < s.length; i++) s[i] = in[0].size(order[i]);
        return Shape.of(s);
    }

    /** The operand's stride in elements along each axis of the result. */
    public long[] strides(Shape x) {
        long[] s = new long[order.length];
        for (int i = 0; i < s.length; i++) s[i] = x.count(order[i] + 1, x.rank());
        return s;
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        long[] strides = strides(in[0].shape());
        int[] at = new int[order.length];
        for (long i = 0; i < out.count(); i++) {
            long from = 0;
            for (int d = 0; d < at.length; d++) from += at[d] * strides[d];
            out.set(i, in[0].get(from));
            for (int d = at.length - 1; d >= 0 && ++at[d] == out.size(d); d--) at[d] = 0;
        }
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        int[] back = new int[order.length];
        for (int i = 0; i < back.length; i++) back[order[i]] = i;
        return new Tensor[] {grad.permute(back)};
    }

    @Override public long flops(Tensor[] in) { return 0; }
}
