package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.PreluOp;

/** The gradient of parametric ReLU with respect to x, of any floating types. */
public final class PreluGradCuda extends CudaKernel<PreluOp.Grad> {
    public PreluGradCuda() { super("prelu_grad"); }

    @Override public Class<PreluOp.Grad> op() { return PreluOp.Grad.class; }

    @Override public String refuses(PreluOp.Grad op, Tensor[] in) {
        boolean floats = in[0].dtype().isFloating() && in[1].dtype().isFloating() && in[2].dtype().isFloating();
        return floats ? Grid.tooMany(in[0].count()) : "takes floating types";
    }

    @Override public void run(PreluOp.Grad op, Tensor[] in, Tensor out) {
        int n = out.size(-1);
        long runs = Grid.runs(n, out.dtype()), threads = out.count() / n * runs;
        launch(in, out, "prelu_grad").grid(Grid.blocks(threads))
                .arg(in[0]).arg(in[1]).arg(in[2]).arg(out).arg(threads).arg((int) runs).arg(n).run();
    }
}
