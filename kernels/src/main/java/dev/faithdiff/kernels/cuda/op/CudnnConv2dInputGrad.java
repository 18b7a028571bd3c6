package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.Cublas;
import dev.faithdiff.kernels.cuda.CudaDevice;
import dev.faithdiff.kernels.cuda.Cudnn;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.SliceOp;

/** The gradient of a convolution's input by cuDNN. For paddings that cuDNN does not know, the gradient of the padded input is cropped. */
public final class CudnnConv2dInputGrad implements Kernel<Conv2dOp.InputGrad> {
    @Override public Class<Conv2dOp.InputGrad> op() { return Conv2dOp.InputGrad.class; }

    @Override public String refuses(Conv2dOp.InputGrad op, Tensor[] in) {
        return Cudnn.refuses(in);
    }

    @Override public void run(Conv2dOp.InputGrad op, Tensor[] in, Tensor out) {
        Conv2dOp of = op.of();
        try (Scope _ = Scope.open()) {
            Tensor y = in[0], w = Cublas.like(in[1], y.dtype());
            if (of.top() == of.bottom() && of.left() == of.right()) {
                run(of.stride(), of.top(), of.left(), y, w, out);
                return;
            }
            Shape whole = out.shape().with(1, of.top() + op.height() + of.bottom()).with(2, of.left() + op.width() + of.right());
            Tensor padded = Tensor.empty(out.device(), out.dtype(), whole);
            run(of.stride(), 0, 0, y, w, padded);
            Tensor rows = Tensor.empty(out.device(), out.dtype(), whole.with(1, op.height()));
            Engine.update(new SliceOp(1, of.top(), of.top() + op.height()), rows, padded);
            Engine.update(new SliceOp(2, of.left(), of.left() + op.width()), out, rows);
        }
    }

    private static void run(int stride, int top, int left, Tensor y, Tensor w, Tensor x) {
        ((CudaDevice) x.device()).cudnn().run(new Cudnn.Problem(Cudnn.Pass.INPUT_GRAD, y.dtype(), x.shape(), w.shape(), y.shape(), stride, top, left),
                x.address(), w.address(), y.address());
    }
}
