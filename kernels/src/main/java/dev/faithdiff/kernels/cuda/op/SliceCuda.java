package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.SliceOp;

/** A slice as a copy of its contiguous runs, of any type. */
public final class SliceCuda extends CudaKernel<SliceOp> {
    public SliceCuda() { super("runs"); }

    @Override public Class<SliceOp> op() { return SliceOp.class; }

    @Override public String refuses(SliceOp op, Tensor[] in) { return Grid.tooMany(in[0].count()); }

    @Override public void run(SliceOp op, Tensor[] in, Tensor out) {
        Shape s = in[0].shape();
        long inner = s.count(op.axis() + 1, s.rank());
        long start = op.from() * inner;
        long run = (op.to() - op.from()) * inner;
        long step = s.size(op.axis()) * inner;
        int unit = Grid.unit(in[0], out, start, run, step);
        launch(in, out, unit > 1 ? "runs_wide" : "runs").grid(Grid.blocks(out.count() / unit))
                .arg(in[0]).arg(out).arg(start / unit).arg(0L).arg(out.count() / unit).arg(run / unit).arg(step / unit).arg(run / unit).run();
    }
}
