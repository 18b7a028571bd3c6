package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Axes;
import dev.faithdiff.tensor.op.ReduceOp;

/** Sums and means; one block computes one result or 32 neighbouring ones, or of few results with many terms a part, and a second launch the rest. */
public final class ReduceCuda extends CudaKernel<ReduceOp> {
    private static final int ACROSS = 32;
    /** Blocks that fill a large GPU, the least work of one, and what parts are multiples of, so that 16-byte loads stay aligned. */
    private static final int BLOCKS = 264, LEAST_TERMS = 4096, ALIGNED = 64;

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
        float scale = op.kind() == ReduceOp.Kind.MEAN ? 1f / terms : 1f;
        long part = part(terms, Grid.ceil(out.count(), across));
        int parts = (int) Grid.ceil(terms, part);
        if (parts <= 1) {
            sum(in[0], out, scale, across, kept, reduced, part);
            return;
        }
        try (Scope _ = Scope.open()) {
            Tensor sums = Tensor.empty(out.device(), DType.F32, Shape.of(parts, Math.toIntExact(out.count())));
            sum(in[0], sums, 1, across, kept, reduced, part);
            long count = out.count();
            sum(sums, out, scale, count == 1 ? 1 : ACROSS, new Two(1, count, 0, 1), new Two(1, parts, 0, count), parts);
        }
    }

    /** Terms of a result that one block adds up: all, unless the results alone leave a GPU idle. */
    private static long part(long terms, long blocks) {
        long parts = Math.min(BLOCKS / blocks, terms / LEAST_TERMS);
        return parts <= 1 ? Math.max(terms, 1) : Grid.ceil(Grid.ceil(terms, parts), ALIGNED) * ALIGNED;
    }

    private void sum(Tensor x, Tensor y, float scale, int across, Two kept, Two reduced, long part) {
        long count = kept.outer * kept.inner, terms = reduced.outer * reduced.inner;
        launch(new Tensor[] {x}, y, "reduce").grid(Math.toIntExact(Grid.ceil(count, across)), (int) (y.count() / count), 1)
                .arg(x).arg(y).arg(count).arg(scale).arg(across).arg((int) kept.inner).arg(kept.outerStep).arg(kept.innerStep)
                .arg(terms).arg(part).arg(reduced.inner).arg(reduced.outerStep).arg(reduced.innerStep).run();
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
