package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AffineOp;

/** {@code x * scale + shift} of any floating type. */
final class AffineCuda extends CudaKernel<AffineOp> {
    AffineCuda() { super("affine"); }

    @Override public Class<AffineOp> op() { return AffineOp.class; }

    @Override public String refuses(AffineOp op, Tensor[] in) { return in[0].dtype().isFloating() ? null : "takes a floating type"; }

    @Override public void run(AffineOp op, Tensor[] in, Tensor out) {
        launch(in, out, "affine").grid(Work.blocks(Work.runs(out.count(), out.dtype())))
                .arg(in[0]).arg(out).arg(out.count()).arg(op.scale()).arg(op.shift()).run();
    }
}
