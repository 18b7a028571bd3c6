package dev.faithdiff.kernels.cpu.move;

import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.ConcatOp;
import dev.faithdiff.tensor.op.Kernel;

/** Concatenation as bulk copies, operand by operand, of any type. */
public final class ConcatCopy implements Kernel<ConcatOp> {
    @Override public Class<ConcatOp> op() { return ConcatOp.class; }

    @Override public void run(ConcatOp op, Tensor[] in, Tensor out) {
        Shape s = out.shape();
        long inner = s.count(op.axis() + 1, s.rank()) * out.dtype().bytes(), at = out.address();
        for (Tensor t : in) {
            long run = t.size(op.axis()) * inner;
            if (run > 0) Copy.runs(s.count(0, op.axis()), run, t.address(), run, at, s.size(op.axis()) * inner);
            at += run;
        }
    }
}
