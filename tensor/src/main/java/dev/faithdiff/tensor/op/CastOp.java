package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/** Conversion to another element type by the rounding rules of {@link DType}. */
public record CastOp(DType to) implements Op {
    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 1, 1);
        return in[0].shape();
    }

    @Override public DType dtype(Tensor[] in) { return to; }

    @Override public void reference(Tensor[] in, Tensor out) {
        for (long i = 0; i < out.count(); i++) out.set(i, in[0].get(i));
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        DType from = in[0].dtype();
        if (!from.isFloating() || !to.isFloating()) throw new OpError(name() + " from " + from + " to " + to + " has no gradient");
        return new Tensor[] {grad.to(from)};
    }

    @Override public long flops(Tensor[] in) { return 0; }
}
