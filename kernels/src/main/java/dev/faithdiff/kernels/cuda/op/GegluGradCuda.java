package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GegluOp;

/** GEGLU's gradient, both halves at once. */
public final class GegluGradCuda extends CudaKernel<GegluOp.Grad> {
    public GegluGradCuda() { super("geglu_grad"); }

    @Override public Class<GegluOp.Grad> op() { return GegluOp.Grad.class; }

    @Override public String refuses(GegluOp.Grad op, Tensor[] in) {
        return in[0].dtype().isFloating() && in[1].dtype().isFloating() ? Grid.tooMany(in[0].count()) : "takes floating types";
    }

    @Override public void run(GegluOp.Grad op, Tensor[] in, Tensor out) {
        int n = in[1].size(-1);
        long runs = Grid.runs(n, out.dtype()), threads = in[1].count() / n * runs;
        launch(in, out, "geglu_grad").grid(Grid.blocks(threads)).arg(in[0]).arg(in[1]).arg(out).arg(threads).arg((int) runs).arg(n).run();
    }
}
