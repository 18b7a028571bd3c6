package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Axes;
import dev.faithdiff.tensor.op.PermuteOp;

/** Permutation of axes, of any type: copies of runs if the innermost axis stays innermost, else tiles transposed in shared memory. */
public final class PermuteCuda extends CudaKernel<PermuteOp> {
    private static final int RANK = 4, TILE = 32;

    public PermuteCuda() { super("permute"); }

    @Override public Class<PermuteOp> op() { return PermuteOp.class; }

    @Override public String refuses(PermuteOp op, Tensor[] in) {
        return axes(op, in[0]).rank > RANK ? "takes at most four axes after merging" : Grid.tooMany(in[0].count());
    }

    @Override public void run(PermuteOp op, Tensor[] in, Tensor out) {
        Axes axes = axes(op, in[0]);
        if (axes.rank == 0 || axes.a[axes.rank - 1] == 1) rows(axes, in, out);
        else tiles(axes, in, out);
    }

    private void rows(Axes axes, Tensor[] in, Tensor out) {
        long[] size = Grid.behind(1, axes.size, axes.rank, RANK), x = Grid.behind(0, axes.a, axes.rank, RANK);
        int unit = Grid.unit(in[0], out, size[3], x[0], x[1], x[2]);
        long threads = out.count() / unit;
        launch(in, out, unit > 1 ? "permute_rows_wide" : "permute_rows").grid(Grid.blocks(threads))
                .arg(in[0]).arg(out).arg(threads).arg((int) size[1]).arg((int) size[2]).arg((int) (size[3] / unit))
                .arg(x[0] / unit).arg(x[1] / unit).arg(x[2] / unit).run();
    }

    private void tiles(Axes axes, Tensor[] in, Tensor out) {
        int last = axes.rank - 1, dense = 0;
        while (axes.a[dense] != 1) dense++;
        Axes outer = axes.without(dense);
        int others = last - 1;
        long[] size = Grid.behind(1, outer.size, others, 2);
        long[] p = Grid.behind(0, outer.a, others, 2);
        long[] q = Grid.behind(0, outer.b, others, 2);
        long height = axes.size[dense];
        long width = axes.size[last];
        long down = Grid.ceil(height, TILE);
        long across = Grid.ceil(width, TILE);
        launch(in, out, "permute_tiles").grid(down * across * size[0] * size[1])
                .arg(in[0]).arg(out).arg((int) height).arg((int) width).arg(axes.a[last]).arg(axes.b[dense])
                .arg((int) down).arg((int) across).arg((int) size[1]).arg(p[0]).arg(p[1]).arg(q[0]).arg(q[1]).run();
    }

    private static Axes axes(PermuteOp op, Tensor x) {
        int[] order = op.order(), size = new int[order.length];
        long[] dense = new long[order.length];
        long step = 1;
        for (int d = order.length - 1; d >= 0; d--) {
            size[d] = x.size(order[d]);
            dense[d] = step;
            step *= size[d];
        }
        return new Axes(size, op.strides(x.shape()), dense);
    }
}
