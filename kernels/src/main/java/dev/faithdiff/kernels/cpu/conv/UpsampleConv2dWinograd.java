package dev.faithdiff.kernels.cpu.conv;

import dev.faithdiff.kernels.cpu.gemm.ProductKernel;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.UpsampleConv2dOp;

/** {@link Conv2dWinograd} of an enlarged map that is never made: each tile reads the pixels of the small one. To the bits of its parts. */
public class UpsampleConv2dWinograd implements ProductKernel<UpsampleConv2dOp> {
    @Override public Class<UpsampleConv2dOp> op() { return UpsampleConv2dOp.class; }

    @Override public String refuses(UpsampleConv2dOp op, Tensor[] in) {
        return in[0].dtype() == DType.F32 ? Conv2dWinograd.refusal(size(in)) : "computes in F32";
    }

    @Override public void run(UpsampleConv2dOp op, Tensor[] in, Tensor out) { Conv2dWinograd.run(factors(), size(in), in, out); }

    private static Conv.Size size(Tensor[] in) {
        Tensor x = in[0];
        return new Conv.Size(x.size(0), 2 * x.size(1), 2 * x.size(2), x.size(3), in[1].size(0), 3, 3, 1, 1, 1, 1, 1);
    }
}
