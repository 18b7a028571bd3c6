package dev.faithdiff.kernels.cpu.norm;

import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GroupNormOp;

/** {@link GroupNormKernel} as machine code; to the bits of {@link GroupNormVector}. */
public final class GroupNormEmitted implements GroupNormKernel {
    @Override public String refuses(GroupNormOp op, Tensor[] in) {
        return VecCode.isHere() ? GroupNormKernel.super.refuses(op, in) : "needs emitted code";
    }

    @Override public GroupRows loops() { return new GroupRowsEmitted(); }
}
