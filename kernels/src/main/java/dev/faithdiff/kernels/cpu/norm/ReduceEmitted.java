package dev.faithdiff.kernels.cpu.norm;

import dev.faithdiff.kernels.cpu.Sums;
import dev.faithdiff.kernels.cpu.SumsEmitted;
import dev.faithdiff.kernels.cpu.VecCode;

/** {@link ReduceKernel} as machine code; to the bits of {@link ReduceVector}. */
public final class ReduceEmitted implements ReduceKernel {
    @Override public String unavailable() { return VecCode.unavailable(); }

    @Override public Sums sums() { return new SumsEmitted(); }
}
