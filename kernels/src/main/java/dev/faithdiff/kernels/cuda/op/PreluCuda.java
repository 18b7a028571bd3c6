package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.PreluOp;

/** Parametric ReLU of any floating type, with slopes of any other. */
public final class PreluCuda extends CudaKernel<PreluOp> {
    public PreluCuda() { super("prelu"); }

    @Override public Class<PreluOp> op() { return PreluOp.class; }

    @Override public String refuses(PreluOp op, Tensor[] in) {
        return in[0].dtype().isFloating() && in[1].dtype().isFloating() ? Grid.tooMany(in[0].count()) : "takes floating types";
    }

    @Override public void run(PreluOp op, Tensor[] in, Tensor out) {
        int n = out.size(-1);
        long runs = Grid.runs(n, out.dtype()), threads = out.count() / n * runs;
        launch(in, out, "prelu").grid(Grid.blocks(threads)).arg(in[0]).arg(in[1]).arg(out).arg(threads).arg((int) runs).arg(n).run();
    }
}
