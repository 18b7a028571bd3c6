package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.gemm.LinearPacked.matrix;

import dev.faithdiff.kernels.cpu.emit.CpuFeature;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.LinearOp;

/**
 * A linear layer whose input and weight are rounded to BF16 while they are packed, with sums in F32.
 *
 * <p>Each rounding changes a number by at most 2^-9 of it, so a result differs by at most 2^-8 of the sum of its products' magnitudes. It runs only
 * where it is chosen.
 */
public final class LinearBf16 implements Kernel<LinearOp> {
    @Override public Class<LinearOp> op() { return LinearOp.class; }

    @Override public String unavailable() {
        return EmittedBf16.isHere() ? null : "needs vectors of 512 bits and AVX512-BF16; " + CpuFeature.line();
    }

    @Override public String refuses(LinearOp op, Tensor[] in) {
        if (in[0].dtype() != DType.F32) return "takes F32";
        int n = in[1].size(0);
        return GemmDots.suits(Math.toIntExact(in[0].count() / in[1].size(1)), n) ? "leaves few rows or columns to LinearPacked" : null;
    }

    @Override public void run(LinearOp op, Tensor[] in, Tensor out) {
        int n = in[1].size(0), k = in[1].size(1), rows = Math.toIntExact(out.count() / n);
        Matrix bias = in.length > 2 ? matrix(in[2], 0, 1, n) : null;
        Gemm.multiplyBf16(matrix(in[0], 0, rows, k), matrix(in[1], 0, n, k), bias, matrix(out, 0, rows, n));
    }
}
