package dev.faithdiff.kernels.cpu.conv;

import dev.faithdiff.kernels.cpu.gemm.Factors;

/** {@link Conv2dImplicitGemm} whose pixels and weight are rounded to BF16 while they are packed, with sums in F32. */
public final class Conv2dImplicitGemmBf16 extends Conv2dImplicitGemm {
    @Override public Factors factors() { return Factors.BF16; }
}
