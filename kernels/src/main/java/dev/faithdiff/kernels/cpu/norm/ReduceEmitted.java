package dev.faithdiff.kernels.cpu.norm;

import dev.faithdiff.kernels.cpu.Sums;
import dev.faithdiff.kernels.cpu.SumsEmitted;
import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.ReduceOp;

/** {@link ReduceKernel} as machine code; to the bits of {@link ReduceVector}. */
public final class ReduceEmitted implements ReduceKernel {
    @Override public String refuses(ReduceOp op, Tensor[] in) { return VecCode.isHere() ? ReduceKernel.super.refuses(op, in) : "needs emitted code"; }

    @Override public Sums sums() { return new SumsEmitted(); }
}
