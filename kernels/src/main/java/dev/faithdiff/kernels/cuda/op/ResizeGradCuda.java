package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.ResizeOp;

/** The gradient of resizing by weighted sums: each pixel sums over the result's pixels that it contributes to. */
public final class ResizeGradCuda extends ResizeAxesCuda<ResizeOp.Grad> {
    public ResizeGradCuda() { super("resize_back"); }

    @Override public Class<ResizeOp.Grad> op() { return ResizeOp.Grad.class; }

    @Override public String refuses(ResizeOp.Grad op, Tensor[] in) { return refusal(op.kind(), in[0], op.height()); }

    @Override public void run(ResizeOp.Grad op, Tensor[] in, Tensor out) { run(op.kind(), op.antialias(), op.factor(), in[0], out); }
}
