package dev.faithdiff.kernels.cpu.move;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.ResizeOp;

/** Gradients of resizing: the weighted sums of {@link ResizeSeparable} with the transposed weights. */
public final class ResizeSeparableGrad implements Kernel<ResizeOp.Grad> {
    @Override public Class<ResizeOp.Grad> op() { return ResizeOp.Grad.class; }

    @Override public String refuses(ResizeOp.Grad op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override public void run(ResizeOp.Grad op, Tensor[] in, Tensor out) {
        ResizeSeparable.run(op.axis(op.height(), in[0].size(1)), op.axis(op.width(), in[0].size(2)), in[0], out);
    }
}
