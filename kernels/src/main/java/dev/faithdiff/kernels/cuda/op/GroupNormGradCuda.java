package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GroupNormOp;
import dev.faithdiff.tensor.op.UnaryOp;

/**
 * GroupNorm's gradients: first the moments as in {@link GroupNormCuda}, then sums over strips of pixels, then the gradients of input, weight and
 * bias. With SiLU, the normed x is computed again and the incoming gradient is first multiplied by SiLU's derivative there.
 */
public final class GroupNormGradCuda extends CudaKernel<GroupNormOp.Grad> {
    private final UnaryGradCuda slope = new UnaryGradCuda();

    public GroupNormGradCuda() { super("group_norm"); }

    @Override public Class<GroupNormOp.Grad> op() { return GroupNormOp.Grad.class; }

    @Override public String refuses(GroupNormOp.Grad op, Tensor[] in) {
        for (Tensor t : in) if (!t.dtype().isFloating()) return "takes floating types";
        return in[0].size(0) > 65535 ? "takes at most 65535 samples" : null;
    }

    @Override public void run(GroupNormOp.Grad op, Tensor[] in, Tensor out) {
        Tensor x = in[0];
        Tensor weight = in[1];
        Tensor dx = out.view(0, x.shape());
        Tensor rest = out.view(x.count(), Shape.of(2, x.size(-1)));
        int groups = op.of().groups();
        ChannelStrips s = ChannelStrips.of(x);
        try (Scope _ = Scope.open()) {
            Tensor moments = s.moments(entry -> launch(in, out, entry), x, groups, op.of().eps()), parts = s.parts(x);
            Tensor g = op.of().silu() ? slopes(s, in, moments, groups) : in[3];
            Tensor[] types = {x, weight, g};
            s.over(launch(types, out, "group_norm_grad_channels")).arg(x).arg(g).arg(moments).arg(parts)
                    .arg(s.pixels()).arg(s.strip()).arg(s.channels()).arg(groups).arg(s.columns()).run();
            launch(types, out, "group_norm_grad_weights").grid(Grid.blocks(s.channels()))
                    .arg(parts).arg(rest).arg((long) s.batch() * s.strips()).arg(s.channels()).run();
            Tensor means = Tensor.empty(x.device(), DType.F32, Shape.of(s.batch(), groups, 2));
            launch(types, out, "group_norm_grad_groups").grid((long) s.batch() * groups)
                    .arg(parts).arg(weight).arg(means).arg(s.pixels()).arg(s.strips()).arg(s.channels()).arg(groups).run();
            s.over(launch(types, out, "group_norm_grad_x")).arg(x).arg(weight).arg(g).arg(moments).arg(means).arg(dx)
                    .arg(s.pixels()).arg(s.strip()).arg(s.channels()).arg(groups).arg(s.columns()).run();
        }
    }

    private Tensor slopes(ChannelStrips s, Tensor[] in, Tensor moments, int groups) {
        Tensor x = in[0];
        Tensor y = Tensor.empty(x.device(), x.dtype(), x.shape());
        Tensor g = Tensor.empty(x.device(), x.dtype(), x.shape());
        s.over(launch(new Tensor[] {x, in[1], in[2]}, y, "group_norm_apply")).arg(x).arg(in[1]).arg(in[2]).arg(moments).arg(y)
                .arg(s.pixels()).arg(s.strip()).arg(s.channels()).arg(groups).arg(s.columns()).arg(0).run();
        slope.run(new UnaryOp.Grad(new UnaryOp(UnaryOp.Kind.SILU, 0)), new Tensor[] {y, in[3]}, g);
        return g;
    }
}
