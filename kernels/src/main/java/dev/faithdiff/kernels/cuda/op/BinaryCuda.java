package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Axes;
import dev.faithdiff.tensor.op.BinaryOp;

/** Arithmetic of floating types with any broadcast that has at most four axes after merging, and faster ways for equal shapes and for added rows. */
public final class BinaryCuda extends CudaKernel<BinaryOp> {
    private static final int RANK = 4, LONGEST_ROW = 1 << 22, MOST_SAMPLES = 65535; // the last two for the grid's dimensions

    public BinaryCuda() { super("binary"); }

    @Override public Class<BinaryOp> op() { return BinaryOp.class; }

    @Override public String refuses(BinaryOp op, Tensor[] in) {
        if (!in[0].dtype().isFloating() || !in[1].dtype().isFloating()) return "takes floating types";
        return axes(in).rank > RANK ? "takes broadcasts of at most four axes" : Grid.tooMany(op.shape(in).count());
    }

    @Override public void run(BinaryOp op, Tensor[] in, Tensor out) {
        Axes axes = axes(in);
        boolean dense = in[0].count() == out.count();
        if (dense && in[1].count() == out.count()) same(op, in, out);
        else if (dense && isRows(axes)) rows(op, in, out, axes);
        else any(op, in, out, axes);
    }

    private void same(BinaryOp op, Tensor[] in, Tensor out) {
        launch(in, out, op.kind() + "_SAME").grid(Grid.blocks(Grid.runs(out.count(), out.dtype())))
                .arg(in[0]).arg(in[1]).arg(out).arg(out.count()).run();
    }

    /** Whether the second operand has one row for all rows, or one for those of each sample. */
    private static boolean isRows(Axes axes) {
        int r = axes.rank;
        if (r < 2 || axes.b[r - 1] != 1 || axes.b[r - 2] != 0 || axes.size[r - 1] > LONGEST_ROW) return false;
        return r == 2 || r == 3 && axes.b[0] == axes.size[2] && axes.size[0] <= MOST_SAMPLES;
    }

    private void rows(BinaryOp op, Tensor[] in, Tensor out, Axes axes) {
        int r = axes.rank;
        ChannelStrips strips = ChannelStrips.of(out.dtype(), r == 2 ? 1 : (int) axes.size[0], axes.size[r - 2], (int) axes.size[r - 1]);
        strips.over(launch(in, out, op.kind() + "_ROWS")).arg(in[0]).arg(in[1]).arg(out)
                .arg(strips.pixels()).arg(strips.strip()).arg(strips.channels()).arg(strips.columns()).run();
    }

    private void any(BinaryOp op, Tensor[] in, Tensor out, Axes axes) {
        long[] size = Grid.behind(1, axes.size, axes.rank, RANK);
        long[] a = Grid.behind(0, axes.a, axes.rank, RANK);
        long[] b = Grid.behind(0, axes.b, axes.rank, RANK);
        long runs = Grid.runs(size[3], out.dtype()), threads = out.count() / size[3] * runs;
        launch(in, out, op.kind().name()).grid(Grid.blocks(threads))
                .arg(in[0]).arg(in[1]).arg(out).arg(threads)
                .arg((int) runs).arg(size[3]).arg((int) size[1]).arg((int) size[2])
                .arg(a[0]).arg(a[1]).arg(a[2]).arg((int) a[3])
                .arg(b[0]).arg(b[1]).arg(b[2]).arg((int) b[3]).run();
    }

    private static Axes axes(Tensor[] in) {
        Shape s = Shape.broadcast(in[0].shape(), in[1].shape());
        return new Axes(s.toArray(), steps(in[0].shape(), s.rank()), steps(in[1].shape(), s.rank()));
    }

    /** Strides in elements along the axes of the result; 0 where the operand is broadcast. */
    private static long[] steps(Shape s, int rank) {
        long[] steps = new long[rank];
        for (int d = 0; d < s.rank(); d++) if (s.size(d) != 1) steps[rank - s.rank() + d] = s.count(d + 1, s.rank());
        return steps;
    }
}
