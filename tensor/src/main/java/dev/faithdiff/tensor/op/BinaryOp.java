package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.stream.IntStream;

/** Elementwise arithmetic of two operands, broadcast by NumPy's rule. The second operand may have a narrower type. */
public record BinaryOp(Kind kind) implements Op {
    public enum Kind { ADD, SUB, MUL, DIV }

    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 2, 2);
        Shape s = Shape.broadcast(in[0].shape(), in[1].shape());
        require(s != null, in, "sizes must be equal or 1, aligned at the last axis");
        return s;
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        Shape s = out.shape();
        int[] at = new int[s.rank()];
        for (long i = 0; i < out.count(); i++) {
            double a = in[0].get(index(in[0].shape(), at)), b = in[1].get(index(in[1].shape(), at));
            out.set(i, switch (kind) {
                case ADD -> a + b;
                case SUB -> a - b;
                case MUL -> a * b;
                case DIV -> a / b;
            });
            for (int d = at.length - 1; d >= 0 && ++at[d] == s.size(d); d--) at[d] = 0;
        }
    }

    /** Index into an operand of the element that broadcasts to a position. */
    private static long index(Shape of, int[] at) {
        long i = 0;
        int skip = at.length - of.rank();
        for (int d = 0; d < of.rank(); d++) i = i * of.size(d) + (of.size(d) == 1 ? 0 : at[d + skip]);
        return i;
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        Tensor a = in[0], b = in[1], da = null, db = null;
        switch (kind) {
            case ADD -> { da = grad; db = grad; }
            case SUB -> { da = grad; db = wanted[1] ? grad.mul(-1) : null; }
            case MUL -> { da = wanted[0] ? grad.mul(b) : null; db = wanted[1] ? grad.mul(a) : null; }
            case DIV -> { da = wanted[0] ? grad.div(b) : null; db = wanted[1] ? grad.mul(out).div(b).mul(-1) : null; }
        }
        return new Tensor[] {wanted[0] ? reduce(da, a.shape()) : null, wanted[1] ? reduce(db, b.shape()) : null};
    }

    /** Sums a gradient over the axes along which the operand was broadcast. */
    private static Tensor reduce(Tensor grad, Shape to) {
        if (grad.shape().equals(to)) return grad;
        int skip = grad.rank() - to.rank();
        int[] axes = IntStream.range(0, grad.rank())
                .filter(d -> d < skip || to.size(d - skip) == 1 && grad.size(d) != 1).toArray();
        return grad.sum(axes).reshape(to.toArray());
    }
}
