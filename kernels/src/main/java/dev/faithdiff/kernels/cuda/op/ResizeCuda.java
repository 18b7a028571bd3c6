package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.ResizeOp;

/** Resizing of floating types by weighted sums. */
public final class ResizeCuda extends ResizeAxesCuda<ResizeOp> {
    public ResizeCuda() { super("resize"); }

    @Override public Class<ResizeOp> op() { return ResizeOp.class; }

    @Override public String refuses(ResizeOp op, Tensor[] in) { return refusal(op.kind(), in[0], op.height()); }

    @Override public void run(ResizeOp op, Tensor[] in, Tensor out) { run(op.kind(), op.antialias(), op.factor(), in[0], out); }
}
