package dev.faithdiff.kernels.cpu.norm;

/** {@link GroupNormKernel} on the Vector API. */
public final class GroupNormVector implements GroupNormKernel {
    @Override public GroupRows loops() { return new GroupRowsVector(); }
}
