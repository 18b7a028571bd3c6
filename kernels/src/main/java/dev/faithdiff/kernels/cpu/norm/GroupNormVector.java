package dev.faithdiff.kernels.cpu.norm;

/** {@link GroupNorm} on the Vector API. */
public final class GroupNormVector implements GroupNorm {
    @Override public GroupRows loops() { return new GroupRowsVector(); }
}
