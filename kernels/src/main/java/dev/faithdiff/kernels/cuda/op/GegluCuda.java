package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GegluOp;

/** GEGLU, each half read once. */
public final class GegluCuda extends CudaKernel<GegluOp> {
    public GegluCuda() { super("geglu"); }

    @Override public Class<GegluOp> op() { return GegluOp.class; }

    @Override public String refuses(GegluOp op, Tensor[] in) {
        return in[0].dtype().isFloating() ? Grid.tooMany(in[0].count()) : "takes a floating type";
    }

    @Override public void run(GegluOp op, Tensor[] in, Tensor out) {
        int n = out.size(-1);
        long runs = Grid.runs(n, out.dtype()), threads = out.count() / n * runs;
        launch(in, out, "geglu").grid(Grid.blocks(threads)).arg(in[0]).arg(out).arg(threads).arg((int) runs).arg(n).run();
    }
}
