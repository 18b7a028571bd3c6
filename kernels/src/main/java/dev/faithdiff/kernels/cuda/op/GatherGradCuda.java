package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GatherOp;

/** The gradient of a table. Each row searches the indices for its number, so sums have a fixed order. An index outside the table adds nothing. */
public final class GatherGradCuda extends CudaKernel<GatherOp.Grad> {
    public GatherGradCuda() { super("gather_grad"); }

    @Override public Class<GatherOp.Grad> op() { return GatherOp.Grad.class; }

    @Override public String refuses(GatherOp.Grad op, Tensor[] in) {
        return in[0].dtype().isFloating() ? Grid.tooMany(op.shape(in).count()) : "takes a floating gradient";
    }

    @Override public void run(GatherOp.Grad op, Tensor[] in, Tensor out) {
        int channels = out.size(1);
        long runs = Grid.runs(channels, out.dtype()), threads = op.rows() * runs;
        launch(in, out, "gather_grad").grid(Grid.blocks(threads)).arg(in[0]).arg(in[1]).arg(out).arg(threads).arg((int) runs).arg(in[1].count())
                .arg(channels).run();
    }
}
