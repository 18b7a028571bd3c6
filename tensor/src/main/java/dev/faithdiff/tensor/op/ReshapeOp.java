package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/** The same elements under another shape; always a view. */
public record ReshapeOp(Shape to) implements Op {
    /** A reshape to these sizes, of which one may be -1: it follows from the others. */
    public static ReshapeOp of(Tensor x, int... sizes) {
        int[] s = sizes.clone();
        long known = 1;
        int open = -1;
        for (int i = 0; i < s.length; i++) {
            if (s[i] == -1 && open < 0) open = i;
            else known *= s[i];
        }
        if (open >= 0) s[open] = known == 0 ? 0 : (int) (x.count() / known);
        return new ReshapeOp(Shape.of(s));
    }

    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 1, 1);
        require(in[0].count() == to.count(), in, "has another number of elements than " + to);
        return to;
    }

    @Override public long view(Tensor[] in) { return 0; }

    @Override public void reference(Tensor[] in, Tensor out) {
        for (long i = 0; i < out.count(); i++) out.set(i, in[0].get(i));
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        return new Tensor[] {grad.reshape(in[0].shape().toArray())};
    }

    @Override public long flops(Tensor[] in) { return 0; }
}
