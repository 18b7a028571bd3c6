package dev.faithdiff.kernels.cpu.move;

import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.SliceOp;

/** A slice as bulk copies of its contiguous runs, of any type. */
public final class SliceCopy implements Kernel<SliceOp> {
    @Override public Class<SliceOp> op() { return SliceOp.class; }

    @Override public void run(SliceOp op, Tensor[] in, Tensor out) {
        Shape s = in[0].shape();
        long inner = s.count(op.axis() + 1, s.rank()) * out.dtype().bytes(), run = (op.to() - op.from()) * inner;
        Copy.runs(s.count(0, op.axis()), run, in[0].address() + op.from() * inner, s.size(op.axis()) * inner, out.address(), run);
    }
}
