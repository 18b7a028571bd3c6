package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GroupNormOp;

/** GroupNorm in three kernels: moments of channels over strips of pixels, of groups, and the result, with SiLU where asked for. */
final class GroupNormCuda extends CudaKernel<GroupNormOp> {
    /** Enough to fill a large GPU eight times over. */
    private static final int BLOCKS = 1024;
    private static final int THREADS = 256, COLUMNS = 64, PIXELS = 4;

    GroupNormCuda() { super("group_norm"); }

    @Override public Class<GroupNormOp> op() { return GroupNormOp.class; }

    @Override public String refuses(GroupNormOp op, Tensor[] in) {
        for (Tensor t : in) if (!t.dtype().isFloating()) return "takes floating types";
        return in[0].size(0) > 65535 ? "takes at most 65535 samples" : null;
    }

    @Override public void run(GroupNormOp op, Tensor[] in, Tensor out) {
        int batch = out.size(0), channels = out.size(-1);
        long pixels = out.count() / batch / channels, runs = Work.runs(channels, out.dtype());
        int tiles = (int) Work.ceil(runs, COLUMNS), columns = (int) Work.ceil(runs, tiles), rows = THREADS / columns;
        long most = Math.max(1, BLOCKS / ((long) batch * tiles)), strip = Math.max((long) PIXELS * rows, Work.ceil(pixels, most));
        int strips = (int) Work.ceil(pixels, strip);
        try (Scope _ = Scope.open()) {
            Tensor parts = Tensor.empty(out.device(), DType.F32, Shape.of(batch, strips, channels, 2));
            Tensor moments = Tensor.empty(out.device(), DType.F32, Shape.of(batch, op.groups(), 2));
            launch(in, out, "group_norm_channels").grid(strips, tiles, batch).block(columns * rows)
                    .arg(in[0]).arg(parts).arg(pixels).arg(strip).arg(channels).arg(columns).run();
            launch(in, out, "group_norm_groups").grid((long) batch * op.groups())
                    .arg(parts).arg(moments).arg(pixels).arg(strip).arg(strips).arg(channels).arg(op.groups()).arg(op.eps()).run();
            launch(in, out, "group_norm_apply").grid(strips, tiles, batch).block(columns * rows)
                    .arg(in[0]).arg(in[1]).arg(in[2]).arg(moments).arg(out)
                    .arg(pixels).arg(strip).arg(channels).arg(op.groups()).arg(columns).arg(op.silu() ? 1 : 0).run();
        }
    }
}
