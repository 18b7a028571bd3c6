package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.ConcatOp;

/** A concatenation as one copy of contiguous runs for each operand, of any type. */
public final class ConcatCuda extends CudaKernel<ConcatOp> {
    public ConcatCuda() { super("runs"); }

    @Override public Class<ConcatOp> op() { return ConcatOp.class; }

    @Override public String refuses(ConcatOp op, Tensor[] in) { return Grid.tooMany(op.shape(in).count()); }

    @Override public void run(ConcatOp op, Tensor[] in, Tensor out) {
        long inner = out.shape().count(op.axis() + 1, out.rank());
        long step = out.size(op.axis()) * inner;
        long start = 0;
        for (Tensor t : in) {
            long run = t.size(op.axis()) * inner;
            int unit = Grid.unit(t, out, start, run, step);
            if (run > 0) {
                launch(new Tensor[] {t}, out, unit > 1 ? "runs_wide" : "runs").grid(Grid.blocks(t.count() / unit))
                        .arg(t).arg(out).arg(0L).arg(start / unit).arg(t.count() / unit).arg(run / unit).arg(run / unit).arg(step / unit).run();
            }
            start += run;
        }
    }
}
