package dev.faithdiff.kernels.cpu.gemm;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;

/** A kernel whose work is matrix products. */
public interface ProductKernel<O extends Op> extends Kernel<O> {
    /** The form in which they hold their factors. */
    default Factors factors() { return Factors.F32; }

    @Override default DType rounds() { return factors() == Factors.F32 ? null : DType.BF16; }
}
