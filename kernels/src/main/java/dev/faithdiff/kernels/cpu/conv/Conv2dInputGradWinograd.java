package dev.faithdiff.kernels.cpu.conv;

import static dev.faithdiff.kernels.cpu.gemm.LinearPacked.matrix;

import dev.faithdiff.kernels.cpu.gemm.Factors;
import dev.faithdiff.kernels.cpu.gemm.PackedB;
import dev.faithdiff.kernels.cpu.gemm.Panels;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Kernel;

/** The gradient of the input of a 3x3 convolution of stride 1: a Winograd convolution of the gradient with the flipped kernel. */
public final class Conv2dInputGradWinograd implements Kernel<Conv2dOp.InputGrad> {
    private static final int LAST_TAP = 8;

    @Override public Class<Conv2dOp.InputGrad> op() { return Conv2dOp.InputGrad.class; }

    @Override public String refuses(Conv2dOp.InputGrad op, Tensor[] in) {
        if (in[0].dtype() != DType.F32) return "computes in F32";
        if (op.of().groups() != 1) return Conv2dGroups.refusal(op.of());
        Conv.Size size = size(op, in);
        return size.stride() == 1 ? Conv2dWinograd.refusal(size.back()) : "takes 3x3 kernels of stride 1";
    }

    @Override public void run(Conv2dOp.InputGrad op, Tensor[] in, Tensor out) {
        Conv.Size size = size(op, in), back = size.back();
        Taps taps = Taps.back(matrix(in[1], 0, size.out(), size.depth()), size.in(), tap -> LAST_TAP - tap);
        float[] bias = new float[PackedB.panels(size.in()) * Panels.WIDTH];
        new WinogradTiles(Factors.F32, back, matrix(in[0], 0, size.pixels(), size.out()), taps, bias, matrix(out, 0, back.pixels(), size.in())).run();
    }

    /** The sizes of the forward convolution. */
    static Conv.Size size(Conv2dOp.InputGrad op, Tensor[] in) {
        Tensor w = in[1];
        return new Conv.Size(in[0].size(0), op.height(), op.width(), w.size(3), w.size(0), w.size(1), w.size(2), op.of().stride(),
                op.of().top(), op.of().left(), op.of().bottom(), op.of().right());
    }
}
