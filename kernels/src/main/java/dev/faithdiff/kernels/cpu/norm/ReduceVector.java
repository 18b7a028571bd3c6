package dev.faithdiff.kernels.cpu.norm;

import dev.faithdiff.kernels.cpu.Sums;
import dev.faithdiff.kernels.cpu.SumsVector;

/** {@link Reduce} on the Vector API. */
public final class ReduceVector implements Reduce {
    @Override public Sums sums() { return new SumsVector(); }
}
