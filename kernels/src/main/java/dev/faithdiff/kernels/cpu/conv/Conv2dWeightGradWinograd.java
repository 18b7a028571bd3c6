package dev.faithdiff.kernels.cpu.conv;

import static dev.faithdiff.kernels.cpu.gemm.LinearPacked.matrix;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.gemm.Matrix;
import dev.faithdiff.kernels.cpu.gemm.PackedB;
import dev.faithdiff.kernels.cpu.gemm.Panels;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Kernel;

/**
 * The gradient of the weight of a 3x3 convolution of stride 1 with a quarter of the multiplications: {@link WinogradWeightGrad}, for as many outputs
 * at a time as leave the sums in the L3 cache.
 *
 * <p>Errors relative to the largest gradient are 3e-7 to 2e-6, measured against sums in double. They are 2 to 5 times those of a direct sum.
 */
public final class Conv2dWeightGradWinograd implements Kernel<Conv2dOp.WeightGrad> {
    private static final long SUMS = 4L << 20; // floats at a time
    /** The measured cost of storing and transforming the sums, as a number of tiles: for few weights and for many. Maps of 4x4 to 64x64 pixels. */
    private static final int FEW = 30, MANY = 64, MOST_OF_FEW = 1 << 16;
    private static final double LEAST_GAIN = 1.1;

    @Override public Class<Conv2dOp.WeightGrad> op() { return Conv2dOp.WeightGrad.class; }

    @Override public String refuses(Conv2dOp.WeightGrad op, Tensor[] in) {
        if (in[0].dtype() != DType.F32 || in[1].dtype() != DType.F32) return "computes in F32";
        if (op.of().groups() != 1) return Conv2dGroups.refusal(op.of());
        Tensor x = in[1];
        if (op.kh() != 3 || op.kw() != 3 || op.of().stride() != 1) return "takes 3x3 kernels of stride 1";
        if (x.size(3) % Vec.SIDE != 0 || in[0].size(3) % Vec.SIDE != 0) return "takes channels in multiples of " + Vec.SIDE;
        Conv.Size size = Conv2dImplicitGemm.size(op.of(), x, op.kh(), op.kw(), in[0].size(3));
        int sums = size.in() * size.out() <= MOST_OF_FEW ? FEW : MANY;
        double products = WinogradTransforms.POSITIONS * (WinogradInput.tiles(size) + sums);
        return size.kh() * size.kw() * size.pixels() < LEAST_GAIN * products ? "has too few pixels" : null;
    }

    @Override public void run(Conv2dOp.WeightGrad op, Tensor[] in, Tensor out) {
        Conv.Size size = Conv2dImplicitGemm.size(op.of(), in[1], out);
        Matrix grad = matrix(in[0], 0, size.pixels(), size.out());
        Matrix x = matrix(in[1], 0, size.batch() * size.height() * size.width(), size.in());
        for (int from = 0, step = outputs(size); from < size.out(); from += step) {
            int count = Math.min(step, size.out() - from);
            Matrix part = new Matrix(grad.at(0, from), DType.F32, grad.rows(), count, grad.stride());
            new WinogradWeightGrad(size.to(count), part, x, out.address() + 4L * from * size.depth()).run();
        }
    }

    /** Outputs taken at a time, in whole panels. */
    private static int outputs(Conv.Size size) {
        long most = SUMS / WinogradTransforms.POSITIONS / size.in() / Panels.WIDTH;
        int panels = PackedB.panels(size.out()), parts = Math.ceilDiv(panels, (int) Math.max(1, most));
        return Math.ceilDiv(panels, parts) * Panels.WIDTH;
    }
}
