package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.ResizeOp;

/** Nearest resizing, of any type. */
public final class ResizeNearestCuda extends CudaKernel<ResizeOp> {
    public ResizeNearestCuda() { super("resize_nearest"); }

    @Override public Class<ResizeOp> op() { return ResizeOp.class; }

    @Override public String refuses(ResizeOp op, Tensor[] in) {
        return op.kind() == ResizeOp.Kind.NEAREST ? Grid.tooMany(op.shape(in).count()) : "takes NEAREST";
    }

    @Override public void run(ResizeOp op, Tensor[] in, Tensor out) {
        Tensor x = in[0];
        int unit = Grid.unit(x, out, x.size(3));
        long threads = out.count() / unit;
        launch(in, out, unit > 1 ? "resize_nearest_wide" : "resize_nearest").grid(Grid.blocks(threads))
                .arg(x).arg(out).arg(threads).arg(x.size(1)).arg(x.size(2)).arg(x.size(3) / unit).arg(out.size(1)).arg(out.size(2)).run();
    }
}
