package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Axes;
import dev.faithdiff.tensor.op.ReduceOp;

/** Sums and means; one block computes one result or 32 neighbouring ones. */
public final class ReduceCuda extends CudaKernel<ReduceOp> {
    private static final int ACROSS = 32;

    /** Up to two merged axes, outermost first: their sizes, and their strides in x. */
    private record Two(long outer, long inner, long outerStep, long innerStep) {}

    public ReduceCuda() { super("reduce"); }

    @Override public Class<ReduceOp> op() { return ReduceOp.class; }

    @Override public String refuses(ReduceOp op, Tensor[] in) {
        if (!in[0].dtype().isFloating()) return "takes a floating type";
        Axes axes = axes(op, in[0].shape());
        return two(axes, true) == null || two(axes, false) == null ? "takes at most two groups of axes to keep and two to reduce" : null;
    }

    @Override public void run(ReduceOp op, Tensor[] in, Tensor out) {
        Axes axes = axes(op, in[0].shape());
        Two kept = two(axes, true), reduced = two(axes, false);
        long terms = reduced.outer * reduced.inner;
        int across = axes.rank > 0 && axes.b[axes.rank - 1] != 0 ? ACROSS : 1;
        launch(in, out, "reduce").grid(Grid.ceil(out.count(), across))
                .arg(in[0]).arg(out).arg(out.count()).arg(op.kind() == ReduceOp.Kind.MEAN ? 1f / terms : 1f)
                .arg(across).arg((int) kept.inner).arg(kept.outerStep).arg(kept.innerStep)
                .arg(terms).arg(reduced.inner).arg(reduced.outerStep).arg(reduced.innerStep).run();
    }

    /** The axes of x with strides in x and in the result; a reduced axis has stride 0 in the result. */
    private static Axes axes(ReduceOp op, Shape x) {
        long[] steps = new long[x.rank()], results = new long[x.rank()];
        long result = 1;
        for (int d = x.rank() - 1; d >= 0; d--) {
            steps[d] = x.count(d + 1, x.rank());
            results[d] = op.reduces(d) ? 0 : result;
            if (!op.reduces(d)) result *= x.size(d);
        }
        return new Axes(x.toArray(), steps, results);
    }

    /** The axes that are kept, or those that are reduced; null if there are more than two. */
    private static Two two(Axes axes, boolean kept) {
        Two two = new Two(1, 1, 0, 0);
        for (int d = 0; d < axes.rank; d++) {
            if (axes.b[d] != 0 != kept) continue;
            if (two.outer != 1) return null;
            two = new Two(two.inner, axes.size[d], two.innerStep, axes.a[d]);
        }
        return two;
    }
}
