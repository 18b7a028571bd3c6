package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.CastOp;

/** Conversion of any type to any other except F8_E5M2, which is only read. */
public final class CastCuda extends CudaKernel<CastOp> {
    public CastCuda() { super("cast"); }

    @Override public Class<CastOp> op() { return CastOp.class; }

    @Override public String refuses(CastOp op, Tensor[] in) { return op.to() == DType.F8_E5M2 ? "does not write F8_E5M2" : null; }

    @Override public void run(CastOp op, Tensor[] in, Tensor out) { elementwise(in, out, "cast", 0, 0); }
}
