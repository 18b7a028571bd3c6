package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.Cublas;
import dev.faithdiff.kernels.cuda.CudaDevice;
import dev.faithdiff.kernels.cuda.Cudnn;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Kernel;

/** The gradient of a convolution's weight by cuDNN. */
public final class CudnnConv2dWeightGrad implements Kernel<Conv2dOp.WeightGrad> {
    @Override public Class<Conv2dOp.WeightGrad> op() { return Conv2dOp.WeightGrad.class; }

    @Override public String refuses(Conv2dOp.WeightGrad op, Tensor[] in) {
        return Cudnn.refuses(in);
    }

    @Override public void run(Conv2dOp.WeightGrad op, Tensor[] in, Tensor out) {
        try (Scope _ = Scope.open()) {
            Conv2dOp of = op.of();
            boolean even = of.top() == of.bottom() && of.left() == of.right();
            Tensor y = in[0], x = CudnnConv2d.padded(of, Cublas.like(in[1], y.dtype()));
            ((CudaDevice) out.device()).cudnn().run(new Cudnn.Problem(Cudnn.Pass.WEIGHT_GRAD, y.dtype(), x.shape(), out.shape(), y.shape(),
                    of.stride(), even ? of.top() : 0, even ? of.left() : 0), x.address(), out.address(), y.address());
        }
    }
}
