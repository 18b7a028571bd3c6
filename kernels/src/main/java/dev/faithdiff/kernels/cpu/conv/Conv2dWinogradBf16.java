package dev.faithdiff.kernels.cpu.conv;

import dev.faithdiff.kernels.cpu.gemm.Factors;

/**
 * {@link Conv2dWinograd} whose products are of BF16: transformed tiles and weights are rounded, and sums are F32.
 *
 * <p>The transforms enlarge the roundings: the error is 4.8 times that of a direct sum of BF16 in the mean of a tile's outputs, and 8.2 times in its
 * corners.
 */
public final class Conv2dWinogradBf16 extends Conv2dWinograd {
    @Override public Factors factors() { return Factors.BF16; }
}
