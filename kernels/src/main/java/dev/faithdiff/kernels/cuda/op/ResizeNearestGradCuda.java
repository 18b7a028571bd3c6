package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.ResizeOp;

/** The gradient of nearest resizing: each input pixel sums over the result's pixels that copy it. */
public final class ResizeNearestGradCuda extends CudaKernel<ResizeOp.Grad> {
    public ResizeNearestGradCuda() { super("resize_nearest_grad"); }

    @Override public Class<ResizeOp.Grad> op() { return ResizeOp.Grad.class; }

    @Override public String refuses(ResizeOp.Grad op, Tensor[] in) {
        if (op.kind() != ResizeOp.Kind.NEAREST) return "takes NEAREST";
        return in[0].dtype().isFloating() ? Grid.tooMany(op.shape(in).count()) : "takes a floating type";
    }

    @Override public void run(ResizeOp.Grad op, Tensor[] in, Tensor out) {
        int channels = out.size(3);
        long runs = Grid.runs(channels, out.dtype()), threads = out.count() / channels * runs;
        launch(in, out, "resize_nearest_grad").grid(Grid.blocks(threads)).arg(in[0]).arg(out).arg(threads).arg((int) runs)
                .arg(out.size(1)).arg(out.size(2)).arg(channels).arg(in[0].size(1)).arg(in[0].size(2)).run();
    }
}
