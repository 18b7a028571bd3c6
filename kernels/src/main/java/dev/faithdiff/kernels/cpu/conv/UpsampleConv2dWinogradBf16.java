package dev.faithdiff.kernels.cpu.conv;

import dev.faithdiff.kernels.cpu.gemm.Factors;

/** {@link UpsampleConv2dWinograd} whose products are of BF16, as those of {@link Conv2dWinogradBf16}. */
public final class UpsampleConv2dWinogradBf16 extends UpsampleConv2dWinograd {
    @Override public Factors factors() { return Factors.BF16; }
}
