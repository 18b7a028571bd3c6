package dev.faithdiff.kernels.cpu.norm;

import dev.faithdiff.kernels.cpu.Sums;
import dev.faithdiff.kernels.cpu.SumsVector;

/** {@link ReduceKernel} on the Vector API. */
public final class ReduceVector implements ReduceKernel {
    @Override public Sums sums() { return new SumsVector(); }
}
