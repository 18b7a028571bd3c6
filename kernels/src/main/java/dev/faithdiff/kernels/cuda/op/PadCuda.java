package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.PadOp;

/** Zero padding, of any type. */
public final class PadCuda extends CudaKernel<PadOp> {
    public PadCuda() { super("pad"); }

    @Override public Class<PadOp> op() { return PadOp.class; }

    @Override public String refuses(PadOp op, Tensor[] in) { return Grid.tooMany(op.shape(in).count()); }

    @Override public void run(PadOp op, Tensor[] in, Tensor out) {
        Tensor x = in[0];
        int unit = Grid.unit(x, out, x.size(3));
        long threads = out.count() / unit;
        launch(in, out, unit > 1 ? "pad_wide" : "pad").grid(Grid.blocks(threads))
                .arg(x).arg(out).arg(threads).arg(x.size(1)).arg(x.size(2)).arg(x.size(3) / unit)
                .arg(out.size(1)).arg(out.size(2)).arg(op.top()).arg(op.left()).run();
    }
}
