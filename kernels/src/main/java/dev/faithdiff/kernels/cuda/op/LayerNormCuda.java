package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.LayerNormOp;

/** LayerNorm with one block for each row, which it holds in registers. */
public final class LayerNormCuda extends CudaKernel<LayerNormOp> {
    private static final int HELD = 4, MOST_THREADS = 1024;

    public LayerNormCuda() { super("layer_norm"); }

    @Override public Class<LayerNormOp> op() { return LayerNormOp.class; }

    @Override public String refuses(LayerNormOp op, Tensor[] in) { return refusal(in); }

    static String refusal(Tensor[] in) {
        for (Tensor t : in) if (!t.dtype().isFloating()) return "takes floating types";
        return Grid.runs(in[0].size(-1), in[0].dtype()) > HELD * MOST_THREADS ? "takes rows of at most 64 KB" : null;
    }

    @Override public void run(LayerNormOp op, Tensor[] in, Tensor out) {
        int n = out.size(-1);
        launch(in, out, "layer_norm").grid(out.count() / n).block(block(n, out.dtype()))
                .arg(in[0]).arg(in[1]).arg(in[2]).arg(out).arg(n).arg(op.eps()).run();
    }

    /** Threads for a row, with two runs for each thread, or up to HELD in long rows. */
    static int block(int n, DType type) { return (int) Math.min(MOST_THREADS, 32 * Grid.ceil(Grid.runs(n, type), 2 * 32)); }
}
