package dev.faithdiff.kernels.cpu.conv;

import static dev.faithdiff.kernels.cpu.gemm.LinearPacked.matrix;

import dev.faithdiff.kernels.cpu.gemm.Matrix;
import dev.faithdiff.kernels.cpu.gemm.ProductKernel;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;

/** A convolution as one matrix product whose left operand is gathered while it is packed. */
public class Conv2dImplicitGemm implements ProductKernel<Conv2dOp> {
    @Override public Class<Conv2dOp> op() { return Conv2dOp.class; }

    @Override public String refuses(Conv2dOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? Conv2dGroups.refusal(op) : "computes in F32"; }

    @Override public void run(Conv2dOp op, Tensor[] in, Tensor out) {
        Tensor x = in[0], w = in[1];
        Conv.Size size = size(op, x, w);
        int pixels = Math.toIntExact(x.count() / size.in());
        Matrix bias = in.length > 2 ? matrix(in[2], 0, 1, size.out()) : null;
        Conv.run(factors(), size, matrix(x, 0, pixels, size.in()), matrix(w, 0, size.out(), size.depth()), bias,
                matrix(out, 0, size.pixels(), size.out()), false);
    }

    static Conv.Size size(Conv2dOp op, Tensor x, Tensor w) { return size(op, x, w.size(1), w.size(2), w.size(0)); }

    static Conv.Size size(Conv2dOp op, Tensor x, int kh, int kw, int outputs) {
        return new Conv.Size(x.size(0), x.size(1), x.size(2), x.size(3), outputs, kh, kw, op.stride(),
                op.top(), op.left(), op.bottom(), op.right());
    }
}
