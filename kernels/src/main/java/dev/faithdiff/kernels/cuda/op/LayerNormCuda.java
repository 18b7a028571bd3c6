package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.kernels.cuda.Launch;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.LayerNormOp;

/** LayerNorm with a warp for each row, or a block for a long one, which hold it in registers. */
public final class LayerNormCuda extends CudaKernel<LayerNormOp> {
    private static final int HELD = 4, MOST_THREADS = 1024;
    /** Runs that a lane of a warp holds, and rows of a block of such warps. */
    private static final int SHORT = 3, MIDDLE = 6, WARP = 32, ROWS = 4;

    public LayerNormCuda() { super("layer_norm"); }

    @Override public Class<LayerNormOp> op() { return LayerNormOp.class; }

    @Override public String refuses(LayerNormOp op, Tensor[] in) { return refusal(in); }

    static String refusal(Tensor[] in) {
        for (Tensor t : in) if (!t.dtype().isFloating()) return "takes floating types";
        return Grid.runs(in[0].size(-1), in[0].dtype()) > HELD * MOST_THREADS ? "takes rows of at most 64 KB" : null;
    }

    @Override public void run(LayerNormOp op, Tensor[] in, Tensor out) {
        int n = out.size(-1), rows = Math.toIntExact(out.count() / n);
        long runs = Grid.runs(n, out.dtype());
        Launch launch;
        if (runs <= MIDDLE * WARP) {
            launch = launch(in, out, runs <= SHORT * WARP ? "layer_norm_warp3" : "layer_norm_warp6").grid(Grid.ceil(rows, ROWS)).block(ROWS * WARP);
        } else {
            int threads = block(n, out.dtype());
            launch = launch(in, out, threads <= 256 ? "layer_norm_block" : "layer_norm_long").grid(rows).block(threads);
        }
        launch.arg(in[0]).arg(in[1]).arg(in[2]).arg(out).arg(rows).arg(n).arg(op.eps()).run();
    }

    /** The longest row of 16-bit numbers that {@link #round} takes. */
    static final int LONGEST_ROUNDED = MIDDLE * WARP * 8;

    /** The norm's rows as F8_E4M3 {@code [rows, n]} with F32 scales {@code [rows]}, see RoundRowsOp. */
    public void round(LayerNormOp op, Tensor[] in, Tensor numbers, Tensor scales) {
        int n = numbers.size(1), rows = numbers.size(0);
        String entry = Grid.runs(n, in[0].dtype()) <= SHORT * WARP ? "layer_norm_rounded3" : "layer_norm_rounded6";
        launch(in, numbers, entry).grid(Grid.ceil(rows, ROWS)).block(ROWS * WARP)
                .arg(in[0]).arg(in[1]).arg(in[2]).arg(numbers).arg(rows).arg(n).arg(op.eps()).arg(scales).run();
    }

    /** Threads for a row, with two runs for each thread, or up to HELD in long rows. */
    static int block(int n, DType type) { return (int) Math.min(MOST_THREADS, 32 * Grid.ceil(Grid.runs(n, type), 2 * 32)); }
}
