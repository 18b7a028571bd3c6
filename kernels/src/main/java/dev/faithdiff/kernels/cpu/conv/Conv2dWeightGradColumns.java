package dev.faithdiff.kernels.cpu.conv;

import static dev.faithdiff.kernels.cpu.gemm.LinearPacked.matrix;

import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.Workspace;
import dev.faithdiff.kernels.cpu.gemm.GemmColumns;
import dev.faithdiff.kernels.cpu.gemm.Matrix;
import dev.faithdiff.kernels.cpu.gemm.Rows;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Kernel;

/**
 * The gradient of a convolution's weight as one product over all output pixels, of the pixels under the kernel, gathered block by block, with the
 * gradient. With few outputs it is less work to gather the gradient instead and multiply it with the input.
 */
public final class Conv2dWeightGradColumns implements Kernel<Conv2dOp.WeightGrad> {
    @Override public Class<Conv2dOp.WeightGrad> op() { return Conv2dOp.WeightGrad.class; }

    @Override public String refuses(Conv2dOp.WeightGrad op, Tensor[] in) {
        return in[0].dtype() == DType.F32 && in[1].dtype() == DType.F32 ? Conv2dGroups.refusal(op.of()) : "computes in F32";
    }

    @Override public void run(Conv2dOp.WeightGrad op, Tensor[] in, Tensor out) {
        Conv.Size size = Conv2dImplicitGemm.size(op.of(), in[1], out);
        Matrix grad = matrix(in[0], 0, size.pixels(), size.out());
        Matrix x = matrix(in[1], 0, size.batch() * size.height() * size.width(), size.in());
        int k = size.pixels(), taps = size.kh() * size.kw(), depth = size.depth(), outputs = size.out();
        long plain = GemmColumns.cost(k, outputs, depth, false), transposed = GemmColumns.cost(k, depth, outputs, true);
        if (size.stride() == 1 && GemmColumns.cost(x.rows(), taps * outputs, size.in(), true) < Math.min(plain, transposed)) {
            gatherGradient(size.back(), grad, x, taps, out.address());
            return;
        }
        Rows pixels = Conv.rows(size, x);
        Matrix to = matrix(out, 0, outputs, depth);
        if (plain <= transposed) new GemmColumns(k, Rows.of(grad), outputs, pixels, depth, false, to).run();
        else new GemmColumns(k, pixels, depth, Rows.of(grad), outputs, true, to).run();
    }

    /** Gathers the gradient. The sums are ordered by flipped taps and outputs, and are then permuted to the order of the weight. */
    private static void gatherGradient(Conv.Size back, Matrix grad, Matrix x, int taps, long to) {
        int out = back.in(), in = back.out();
        try (Workspace sums = Workspace.of((long) taps * out * in)) {
            Matrix sum = new Matrix(sums.at(0), DType.F32, taps * out, in, in);
            new GemmColumns(back.pixels(), Conv.rows(back, grad), taps * out, Rows.of(x), in, false, sum).run();
            for (int o = 0; o < out; o++) {
                for (int t = 0; t < taps; t++) Copy.bytes(sums.at(((long) (taps - 1 - t) * out + o) * in), to + 4L * (o * taps + t) * in, 4L * in);
            }
        }
    }
}
