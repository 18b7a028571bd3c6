package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.SoftmaxOp;

/** Softmax's gradient, one block for each row. */
public final class SoftmaxGradCuda extends CudaKernel<SoftmaxOp.Grad> {
    public SoftmaxGradCuda() { super("softmax_grad"); }

    @Override public Class<SoftmaxOp.Grad> op() { return SoftmaxOp.Grad.class; }

    @Override public String refuses(SoftmaxOp.Grad op, Tensor[] in) {
        return in[0].dtype().isFloating() && in[1].dtype().isFloating() ? null : "takes floating types";
    }

    @Override public void run(SoftmaxOp.Grad op, Tensor[] in, Tensor out) {
        int n = out.size(-1), block = (int) Math.min(256, 32 * Grid.ceil(Grid.runs(n, out.dtype()), 32));
        launch(in, out, "softmax_grad").grid(out.count() / n).block(block).arg(in[0]).arg(in[1]).arg(out).arg(n).run();
    }
}
