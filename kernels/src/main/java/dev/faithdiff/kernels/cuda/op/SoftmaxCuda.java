package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.SoftmaxOp;

/** Softmax in two passes, one block for each row. */
public final class SoftmaxCuda extends CudaKernel<SoftmaxOp> {
    public SoftmaxCuda() { super("softmax"); }

    @Override public Class<SoftmaxOp> op() { return SoftmaxOp.class; }

    @Override public String refuses(SoftmaxOp op, Tensor[] in) { return in[0].dtype().isFloating() ? null : "takes a floating type"; }

    @Override public void run(SoftmaxOp op, Tensor[] in, Tensor out) {
        int n = out.size(-1), block = (int) Math.min(256, 32 * Grid.ceil(Grid.runs(n, out.dtype()), 32));
        launch(in, out, "softmax").grid(out.count() / n).block(block).arg(in[0]).arg(out).arg(n).run();
    }
}
