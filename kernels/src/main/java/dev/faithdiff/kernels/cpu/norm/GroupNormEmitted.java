package dev.faithdiff.kernels.cpu.norm;

import dev.faithdiff.kernels.cpu.VecCode;

/** {@link GroupNormKernel} as machine code; to the bits of {@link GroupNormVector}. */
public final class GroupNormEmitted implements GroupNormKernel {
    @Override public String unavailable() { return VecCode.unavailable(); }

    @Override public GroupRows loops() { return new GroupRowsEmitted(); }
}
