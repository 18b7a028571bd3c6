package dev.faithdiff.kernels.cpu.conv;

import static dev.faithdiff.kernels.cpu.gemm.LinearPacked.matrix;

import dev.faithdiff.kernels.cpu.ToFloat;
import dev.faithdiff.kernels.cpu.Tuning;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.gemm.Factors;
import dev.faithdiff.kernels.cpu.gemm.PackedB;
import dev.faithdiff.kernels.cpu.gemm.Panels;
import dev.faithdiff.kernels.cpu.gemm.ProductKernel;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Engine;

/** A 3x3 convolution of stride 1 with a quarter of the multiplications: Winograd's F(4x4, 3x3). */
public class Conv2dWinograd implements ProductKernel<Conv2dOp> {
    /** The measured cost of transforming the weights, as a number of tiles. Maps of 8x8 to 32x32 pixels. */
    private static final int WEIGHTS = 28, TUNED_WEIGHTS = Tuning.WINOGRAD_WEIGHTS.of(WEIGHTS);
    private static final double LEAST_GAIN = 1.1;

    @Override public Class<Conv2dOp> op() { return Conv2dOp.class; }

    @Override public String refuses(Conv2dOp op, Tensor[] in) {
        Tensor x = in[0], w = in[1];
        if (x.dtype() != DType.F32) return "computes in F32";
        return op.groups() == 1 ? refusal(Conv2dImplicitGemm.size(op, x, w)) : Conv2dGroups.refusal(op);
    }

    /** Null if the kernel takes a size, else the reason. */
    static String refusal(Conv.Size size) {
        if (size.kh() != 3 || size.kw() != 3 || size.stride() != 1) return "takes 3x3 kernels of stride 1";
        if (size.in() % Vec.SIDE != 0 || size.out() % Vec.SIDE != 0) return "takes channels in multiples of " + Vec.SIDE;
        int weights = Engine.isExact() ? WEIGHTS : TUNED_WEIGHTS;
        double products = WinogradTransforms.POSITIONS * (WinogradInput.tiles(size) + weights);
        return size.kh() * size.kw() * size.pixels() < LEAST_GAIN * products ? "has too few pixels" : null;
    }

    @Override public void run(Conv2dOp op, Tensor[] in, Tensor out) { run(factors(), Conv2dImplicitGemm.size(op, in[0], in[1]), in, out); }

    /** Computes a convolution of a size, whose map may be an enlargement of x ({@link WinogradInput}). */
    static void run(Factors factors, Conv.Size size, Tensor[] in, Tensor out) {
        Tensor x = in[0], w = in[1];
        float[] bias = new float[PackedB.panels(size.out()) * Panels.WIDTH];
        if (in.length > 2) ToFloat.row(in[2].dtype(), in[2].address(), size.out(), bias, 0);
        int pixels = Math.toIntExact(x.count() / size.in());
        new WinogradTiles(factors, size, matrix(x, 0, pixels, size.in()), Taps.of(matrix(w, 0, size.out(), size.depth()), size.in()), bias,
                matrix(out, 0, size.pixels(), size.out())).run();
    }
}
