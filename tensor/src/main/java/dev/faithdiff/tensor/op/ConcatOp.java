package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/** Concatenation of the operands along one axis. */
public record ConcatOp(int axis) implements Op {
    @Override public Shape shape(Tensor[] in) {
        require(in.length >= 1, in, "takes at least one operand");
        int size = 0;
        for (Tensor t : in) {
            require(t.rank() == in[0].rank() && axis >= 0 && axis < t.rank() && t.dtype() == in[0].dtype()
                    && t.shape().with(axis, 0).equals(in[0].shape().with(axis, 0)), in, "all axes but " + axis + " are equal");
            size += t.size(axis);
        }
        return in[0].shape().with(axis, size);
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        long inner = out.shape().count(axis + 1, out.rank()), outer = out.shape().count(0, axis), at = 0;
        for (Tensor t : in) {
            long run = t.size(axis) * inner;
            for (long o = 0; o < outer; o++) {
                for (long i = 0; i < run; i++) out.set(o * out.size(axis) * inner + at + i, t.get(o * run + i));
            }
            at += run;
        }
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        Tensor[] g = new Tensor[in.length];
        int at = 0;
        for (int i = 0; i < in.length; i++) {
            int size = in[i].size(axis);
            if (wanted[i]) g[i] = grad.slice(axis, at, at + size);
            at += size;
        }
        return g;
    }

    @Override public long flops(Tensor[] in) { return 0; }
}
