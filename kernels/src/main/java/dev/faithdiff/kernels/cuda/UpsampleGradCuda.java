package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.UpsampleOp;

/** The gradient of nearest resizing: each input pixel gathers from those that took it. */
final class UpsampleGradCuda extends CudaKernel<UpsampleOp.Grad> {
    UpsampleGradCuda() { super("upsample_grad"); }

    @Override public Class<UpsampleOp.Grad> op() { return UpsampleOp.Grad.class; }

    @Override public String refuses(UpsampleOp.Grad op, Tensor[] in) {
        return in[0].dtype().isFloating() ? Work.tooMany(op.shape(in).count()) : "takes a floating type";
    }

    @Override public void run(UpsampleOp.Grad op, Tensor[] in, Tensor out) {
        int channels = out.size(3);
        long runs = Work.runs(channels, out.dtype()), threads = out.count() / channels * runs;
        launch(in, out, "upsample_grad").grid(Work.blocks(threads)).arg(in[0]).arg(out).arg(threads).arg((int) runs)
                .arg(out.size(1)).arg(out.size(2)).arg(channels).arg(in[0].size(1)).arg(in[0].size(2)).run();
    }
}
