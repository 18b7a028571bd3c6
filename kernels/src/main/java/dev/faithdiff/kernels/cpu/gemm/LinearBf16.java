package dev.faithdiff.kernels.cpu.gemm;

/** {@link LinearPacked} whose input and weight are rounded to BF16 while they are packed, with sums in F32. */
public final class LinearBf16 extends LinearPacked {
    @Override public Factors factors() { return Factors.BF16; }
}
