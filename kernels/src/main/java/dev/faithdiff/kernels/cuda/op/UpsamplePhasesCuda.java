package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.UpsampleConv2dOp;

/** The four 2x2 kernels that do the work of a 3x3 kernel on repeated pixels. */
public final class UpsamplePhasesCuda extends CudaKernel<UpsampleConv2dOp.Phases> {
    public UpsamplePhasesCuda() { super("upsample_phases"); }

    @Override public Class<UpsampleConv2dOp.Phases> op() { return UpsampleConv2dOp.Phases.class; }

    @Override public String refuses(UpsampleConv2dOp.Phases op, Tensor[] in) {
        return in[0].dtype().isFloating() && op.dtype().isFloating() ? Grid.tooMany(2 * in[0].count()) : "takes floating types";
    }

    @Override public void run(UpsampleConv2dOp.Phases op, Tensor[] in, Tensor out) {
        int channels = out.size(4);
        long runs = Grid.runs(channels, out.dtype()), threads = out.count() / channels * runs;
        launch(in, out, "upsample_phases").grid(Grid.blocks(threads))
                .arg(in[0]).arg(out).arg(threads).arg((int) runs).arg(out.size(1)).arg(channels).run();
    }
}
