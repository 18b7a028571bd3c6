package dev.faithdiff.kernels.cpu.norm;

import dev.faithdiff.kernels.cpu.Sums;
import dev.faithdiff.kernels.cpu.SumsEmitted;
import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.ReduceOp;

/** {@link Reduce} as machine code; to the bits of {@link ReduceVector}. */
public final class ReduceEmitted implements Reduce {
    @Override public String refuses(ReduceOp op, Tensor[] in) { return VecCode.isHere() ? Reduce.super.refuses(op, in) : "needs emitted code"; }

    @Override public Sums sums() { return new SumsEmitted(); }
}
