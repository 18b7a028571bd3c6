package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Elements {@code from} (inclusive) to {@code to} (exclusive) of one axis; a view where all outer axes have size 1. */
public record SliceOp(int axis, int from, int to) implements Op {
    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 1, 1);
        require(axis >= 0 && axis < in[0].rank() && from >= 0 && from <= to && to <= in[0].size(axis), in,
                "has no elements " + from + ".." + to + " on axis " + axis);
        return in[0].shape().with(axis, to - from);
    }

    @Override public long view(Tensor[] in) {
        Shape s = in[0].shape();
        return s.count(0, axis) == 1 ? from * s.count(axis + 1, s.rank()) : -1;
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        Shape s = in[0].shape();
        long inner = s.count(axis + 1, s.rank()), run = (to - from) * inner;
        for (long i = 0; i < out.count(); i++) out.set(i, in[0].get((i / run * s.size(axis) + from) * inner + i % run));
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        Shape s = in[0].shape();
        List<Tensor> parts = new ArrayList<>();
        if (from > 0) parts.add(Tensor.zeros(grad.device(), grad.dtype(), s.with(axis, from)));
        parts.add(grad);
        if (to < s.size(axis)) parts.add(Tensor.zeros(grad.device(), grad.dtype(), s.with(axis, s.size(axis) - to)));
        return new Tensor[] {Engine.run(new ConcatOp(axis), parts.toArray(Tensor[]::new))};
    }

    @Override public long flops(Tensor[] in) { return 0; }
}
