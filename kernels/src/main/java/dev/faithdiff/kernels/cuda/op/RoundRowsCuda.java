package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.RoundRowsOp;

/** Rows as F8_E4M3 with scales, each read twice, the second time from the cache. */
public final class RoundRowsCuda extends CudaKernel<RoundRowsOp> {
    private static final int WARP = 32, THREADS = 256;

    public RoundRowsCuda() { super("round_rows"); }

    @Override public Class<RoundRowsOp> op() { return RoundRowsOp.class; }

    @Override public String refuses(RoundRowsOp op, Tensor[] in) { return in[0].count() % 4 == 0 ? null : "takes a count that is a multiple of 4"; }

    @Override public void run(RoundRowsOp op, Tensor[] in, Tensor out) {
        int n = in[0].size(-1);
        long rows = in[0].count() / n, warps = Grid.ceil(Grid.runs(n, in[0].dtype()), WARP);
        launch(in, out, "round_rows").grid(rows).block((int) Math.min(THREADS, WARP * warps))
                .arg(in[0]).arg(out).arg(RoundRowsOp.scales(out, n)).arg(n).run();
    }
}
