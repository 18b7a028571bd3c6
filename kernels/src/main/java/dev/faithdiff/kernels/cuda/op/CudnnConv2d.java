package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.Cublas;
import dev.faithdiff.kernels.cuda.CudaDevice;
import dev.faithdiff.kernels.cuda.Cudnn;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.PadOp;

/** A convolution by cuDNN, then the bias. cuDNN pads both ends of an axis by the same amount; for other paddings the input is padded first. */
public final class CudnnConv2d implements Kernel<Conv2dOp> {
    @Override public Class<Conv2dOp> op() { return Conv2dOp.class; }

    @Override public String refuses(Conv2dOp op, Tensor[] in) { return Cudnn.refuses(in[0], in[1]); }

    @Override public void run(Conv2dOp op, Tensor[] in, Tensor out) {
        try (Scope _ = Scope.open()) {
            Tensor x = padded(op, in[0]), w = Cublas.like(in[1], x.dtype());
            boolean even = op.top() == op.bottom() && op.left() == op.right();
            ((CudaDevice) out.device()).cudnn().run(new Cudnn.Problem(Cudnn.Pass.FORWARD, x.dtype(), x.shape(), w.shape(), out.shape(),
                    op.stride(), even ? op.top() : 0, even ? op.left() : 0), x.address(), w.address(), out.address());
        }
        if (in.length > 2) Cublas.addBias(out, in[2]);
    }

    /** The input itself if both ends of each axis are padded by the same amount, else the padded input, in the current scope. */
    static Tensor padded(Conv2dOp op, Tensor x) {
        if (op.top() == op.bottom() && op.left() == op.right()) return x;
        PadOp pad = new PadOp(op.top(), op.bottom(), op.left(), op.right());
        Tensor padded = Tensor.empty(x.device(), x.dtype(), pad.shape(new Tensor[] {x}));
        Engine.update(pad, padded, x);
        return padded;
    }
}
