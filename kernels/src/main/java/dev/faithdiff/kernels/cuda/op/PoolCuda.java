package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.kernels.cuda.Launch;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.PoolOp;

/** Pooling of any floating type. */
public final class PoolCuda extends CudaKernel<PoolOp> {
    public PoolCuda() { super("pool"); }

    @Override public Class<PoolOp> op() { return PoolOp.class; }

    @Override public String refuses(PoolOp op, Tensor[] in) {
        return in[0].dtype().isFloating() ? Grid.tooMany(in[0].count()) : "takes a floating type";
    }

    @Override public void run(PoolOp op, Tensor[] in, Tensor out) {
        arguments(launch(new Tensor[] {in[0], out}, out, op.kind().name()).arg(in[0]).arg(out), op, in[0], out, out).run();
    }

    /** Adds geometry and sizes to a launch: one thread for each run of {@code to}, which is x or y. */
    private static Launch arguments(Launch launch, PoolOp op, Tensor x, Tensor y, Tensor to) {
        int channels = to.size(3);
        long runs = Grid.runs(channels, to.dtype()), threads = to.count() / channels * runs;
        return launch.grid(Grid.blocks(threads)).arg(threads).arg((int) runs)
                .arg(x.size(1)).arg(x.size(2)).arg(channels).arg(y.size(1)).arg(y.size(2))
                .arg(op.height()).arg(op.width()).arg(op.stride()).arg(op.padding());
    }

    /** The gradient of pooling: each pixel sums over the windows that it lies in. */
    public static final class Grad extends CudaKernel<PoolOp.Grad> {
        public Grad() { super("pool"); }

        @Override public String name() { return "PoolGradCuda"; }

        @Override public Class<PoolOp.Grad> op() { return PoolOp.Grad.class; }

        @Override public String refuses(PoolOp.Grad op, Tensor[] in) {
            return in[0].dtype().isFloating() && in[1].dtype().isFloating() ? Grid.tooMany(in[0].count()) : "takes floating types";
        }

        @Override public void run(PoolOp.Grad op, Tensor[] in, Tensor out) {
            arguments(launch(in, out, op.of().kind() + "_grad").arg(in[0]).arg(in[1]).arg(out), op.of(), in[0], in[1], out).run();
        }
    }
}
