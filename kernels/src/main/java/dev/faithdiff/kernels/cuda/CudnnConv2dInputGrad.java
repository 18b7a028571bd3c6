package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Kernel;

/** The gradient of a convolution's input by cuDNN. */
final class CudnnConv2dInputGrad implements Kernel<Conv2dOp.InputGrad> {
    @Override public Class<Conv2dOp.InputGrad> op() { return Conv2dOp.InputGrad.class; }

    @Override public String refuses(Conv2dOp.InputGrad op, Tensor[] in) {
        if (op.of().top() != op.of().bottom() || op.of().left() != op.of().right()) return "pads both ends of an axis alike";
        return Cudnn.refuses(in);
    }

    @Override public void run(Conv2dOp.InputGrad op, Tensor[] in, Tensor out) {
        try (Scope s = Scope.open()) {
            Tensor y = in[0], w = Cublas.like(in[1], y.dtype());
            ((CudaDevice) out.device()).cudnn().run(new Cudnn.Problem(Cudnn.Pass.INPUT_GRAD, y.dtype(), out.shape(), w.shape(), y.shape(),
                    op.of().stride(), op.of().top(), op.of().left()), out.address(), w.address(), y.address());
        }
    }
}
