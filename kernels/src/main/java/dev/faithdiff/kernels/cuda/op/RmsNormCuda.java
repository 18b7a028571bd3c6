package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.RmsNormOp;

/** Root mean square norm with one block for each row, which it holds in registers. */
public final class RmsNormCuda extends CudaKernel<RmsNormOp> {
    public RmsNormCuda() { super("rms_norm"); }

    @Override public Class<RmsNormOp> op() { return RmsNormOp.class; }

    @Override public String refuses(RmsNormOp op, Tensor[] in) { return LayerNormCuda.refusal(in); }

    @Override public void run(RmsNormOp op, Tensor[] in, Tensor out) {
        int n = out.size(-1);
        launch(in, out, "rms_norm").grid(out.count() / n).block(LayerNormCuda.block(n, out.dtype()))
                .arg(in[0]).arg(in[1]).arg(out).arg(n).arg(op.eps()).run();
    }
}
