package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AdamWOp;

/** The parameter after a step of AdamW. */
public final class AdamWCuda extends CudaKernel<AdamWOp> {
    private static final int RUN = 4;

    public AdamWCuda() { super("adam_w"); }

    @Override public Class<AdamWOp> op() { return AdamWOp.class; }

    @Override public String refuses(AdamWOp op, Tensor[] in) { return in[0].dtype().isFloating() ? null : "takes a floating parameter"; }

    @Override public void run(AdamWOp op, Tensor[] in, Tensor out) {
        double correction = 1 - Math.pow(op.beta2(), op.step()), rate = op.rate() / (1 - Math.pow(op.beta1(), op.step()));
        launch(in, out, "adam_w").grid(Grid.blocks(Grid.ceil(out.count(), RUN))).arg(in[0]).arg(in[1]).arg(out).arg(out.count())
                .arg((float) (1 - op.rate() * op.decay())).arg((float) rate).arg((float) correction).arg((float) op.epsilon()).run();
    }

    /** AdamW's moments, updated with a gradient. */
    public static final class Moments extends CudaKernel<AdamWOp.Moments> {
        public Moments() { super("adam_w"); }

        @Override public String name() { return "AdamWMomentsCuda"; }

        @Override public Class<AdamWOp.Moments> op() { return AdamWOp.Moments.class; }

        @Override public String refuses(AdamWOp.Moments op, Tensor[] in) { return in[1].dtype().isFloating() ? null : "takes a floating gradient"; }

        @Override public void run(AdamWOp.Moments op, Tensor[] in, Tensor out) {
            long n = in[1].count();
            launch(in, out, "adam_w_moments").grid(Grid.blocks(Grid.ceil(n, RUN))).arg(in[0]).arg(in[1]).arg(out).arg(n)
                    .arg((float) op.beta1()).arg((float) (1 - op.beta1())).arg((float) op.beta2()).arg((float) (1 - op.beta2()))
                    .arg((float) op.scale()).run();
        }
    }
}
