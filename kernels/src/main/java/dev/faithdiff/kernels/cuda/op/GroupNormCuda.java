package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GroupNormOp;

/** GroupNorm in three kernels: moments of channels over strips of pixels, moments of groups, and the result, with SiLU if the op has it. */
public final class GroupNormCuda extends CudaKernel<GroupNormOp> {
    public GroupNormCuda() { super("group_norm"); }

    @Override public Class<GroupNormOp> op() { return GroupNormOp.class; }

    @Override public String refuses(GroupNormOp op, Tensor[] in) {
        for (Tensor t : in) if (!t.dtype().isFloating()) return "takes floating types";
        return in[0].size(0) > 65535 ? "takes at most 65535 samples" : null;
    }

    @Override public void run(GroupNormOp op, Tensor[] in, Tensor out) {
        ChannelStrips strips = ChannelStrips.of(in[0]);
        try (Scope _ = Scope.open()) {
            Tensor moments = strips.moments(entry -> launch(in, out, entry), in[0], op.groups(), op.eps());
            strips.over(launch(in, out, "group_norm_apply"))
                    .arg(in[0]).arg(in[1]).arg(in[2]).arg(moments).arg(out)
                    .arg(strips.pixels()).arg(strips.strip()).arg(strips.channels()).arg(op.groups()).arg(strips.columns())
                    .arg(op.silu() ? 1 : 0).run();
        }
    }

    /** The norm as F8_E4M3 numbers of x's shape with an F32 scale for each sample: the largest magnitude, with SiLU at least 0.279, over 448. */
    public void round(GroupNormOp op, Tensor[] in, Tensor numbers, Tensor scales) {
        ChannelStrips strips = ChannelStrips.of(in[0]);
        int silu = op.silu() ? 1 : 0;
        try (Scope _ = Scope.open()) {
            Tensor parts = strips.parts(in[0]), extremes = strips.parts(in[0]), moments = strips.pairs(in[0], op.groups());
            Tensor largest = Tensor.empty(in[0].device(), DType.F32, Shape.of(strips.batch(), op.groups()));
            strips.over(launch(in, numbers, "group_norm_rounded_channels"))
                    .arg(in[0]).arg(parts).arg(extremes).arg(strips.pixels()).arg(strips.strip()).arg(strips.channels()).arg(strips.columns()).run();
            launch(in, numbers, "group_norm_rounded_groups").grid((long) strips.batch() * op.groups())
                    .arg(parts).arg(moments).arg(strips.pixels()).arg(strips.strip()).arg(strips.strips()).arg(strips.channels()).arg(op.groups())
                    .arg(op.eps()).arg(extremes).arg(in[1]).arg(in[2]).arg(largest).arg(silu).run();
            strips.over(launch(in, numbers, "group_norm_rounded_apply"))
                    .arg(in[0]).arg(in[1]).arg(in[2]).arg(moments).arg(numbers)
                    .arg(strips.pixels()).arg(strips.strip()).arg(strips.channels()).arg(op.groups()).arg(strips.columns())
                    .arg(silu).arg(largest).arg(scales).run();
        }
    }
}
