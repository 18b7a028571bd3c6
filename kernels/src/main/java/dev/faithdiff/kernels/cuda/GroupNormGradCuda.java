package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GroupNormOp;

/** GroupNorm's gradients: the moments as forward, sums over strips of pixels, then the input's gradient or the weight's. */
final class GroupNormGradCuda extends CudaKernel<GroupNormOp.Grad> {
    GroupNormGradCuda() { super("group_norm"); }

    @Override public Class<GroupNormOp.Grad> op() { return GroupNormOp.Grad.class; }

    @Override public String refuses(GroupNormOp.Grad op, Tensor[] in) {
        for (Tensor t : in) if (!t.dtype().isFloating()) return "takes floating types";
        return in[0].size(0) > 65535 ? "takes at most 65535 samples" : null;
    }

    @Override public void run(GroupNormOp.Grad op, Tensor[] in, Tensor out) {
        Tensor x = in[0], weight = in[1], g = in[2];
        ChannelStrips s = ChannelStrips.of(x);
        try (Scope _ = Scope.open()) {
            Tensor moments = s.moments(entry -> launch(in, out, entry), x, op.groups(), op.eps()), parts = s.parts(x);
            s.over(launch(in, out, "group_norm_grad_channels")).arg(x).arg(g).arg(moments).arg(parts)
                    .arg(s.pixels()).arg(s.strip()).arg(s.channels()).arg(op.groups()).arg(s.columns()).run();
            if (op.operand() == 1) {
                launch(in, out, "group_norm_grad_weight").grid(Work.blocks(s.channels()))
                        .arg(parts).arg(out).arg((long) s.batch() * s.strips()).arg(s.channels()).run();
                return;
            }
            Tensor means = Tensor.empty(x.device(), DType.F32, Shape.of(s.batch(), op.groups(), 2));
            launch(in, out, "group_norm_grad_groups").grid((long) s.batch() * op.groups())
                    .arg(parts).arg(weight).arg(means).arg(s.pixels()).arg(s.strips()).arg(s.channels()).arg(op.groups()).run();
            s.over(launch(in, out, "group_norm_grad_x")).arg(x).arg(weight).arg(g).arg(moments).arg(means).arg(out)
                    .arg(s.pixels()).arg(s.strip()).arg(s.channels()).arg(op.groups()).arg(s.columns()).run();
        }
    }
}
