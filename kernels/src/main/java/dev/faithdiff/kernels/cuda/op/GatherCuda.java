package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GatherOp;

/** Rows of a table by index, converted to F32 if the table is F8. The row of an index outside the table becomes NaN. */
public final class GatherCuda extends CudaKernel<GatherOp> {
    public GatherCuda() { super("gather"); }

    @Override public Class<GatherOp> op() { return GatherOp.class; }

    @Override public String refuses(GatherOp op, Tensor[] in) {
        return in[0].dtype().isFloating() ? Grid.tooMany(op.shape(in).count()) : "takes a floating table";
    }

    @Override public void run(GatherOp op, Tensor[] in, Tensor out) {
        int channels = in[0].size(1);
        long runs = Grid.runs(channels, out.dtype()), threads = in[1].count() * runs;
        launch(in, out, "gather").grid(Grid.blocks(threads))
                .arg(in[0]).arg(in[1]).arg(out).arg(threads).arg((int) runs).arg(in[0].size(0)).arg(channels).run();
    }
}
