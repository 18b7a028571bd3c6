package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.UpsampleOp;

/** Nearest resizing, of any type. */
final class UpsampleCuda extends CudaKernel<UpsampleOp> {
    UpsampleCuda() { super("upsample"); }

    @Override public Class<UpsampleOp> op() { return UpsampleOp.class; }

    @Override public String refuses(UpsampleOp op, Tensor[] in) { return Work.tooMany(op.shape(in).count()); }

    @Override public void run(UpsampleOp op, Tensor[] in, Tensor out) {
        Tensor x = in[0];
        int unit = Work.unit(x, out, x.size(3));
        long threads = out.count() / unit;
        launch(in, out, unit > 1 ? "upsample_wide" : "upsample").grid(Work.blocks(threads))
                .arg(x).arg(out).arg(threads).arg(x.size(1)).arg(x.size(2)).arg(x.size(3) / unit).arg(out.size(1)).arg(out.size(2)).run();
    }
}
