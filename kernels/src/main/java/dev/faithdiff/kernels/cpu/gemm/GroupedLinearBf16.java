package dev.faithdiff.kernels.cpu.gemm;

/** {@link GroupedLinearPacked} whose input and weight are rounded to BF16 while they are packed, with sums in F32. */
public final class GroupedLinearBf16 extends GroupedLinearPacked {
    @Override public Factors factors() { return Factors.BF16; }
}
