package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.gemm.LinearPacked.matrix;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.QuantizedLinearOp;

/** As {@link LinearPacked}: bytes become floats and are scaled while the weight is packed. */
public class QuantizedLinearPacked implements Kernel<QuantizedLinearOp> {
    @Override public Class<QuantizedLinearOp> op() { return QuantizedLinearOp.class; }

    @Override public String refuses(QuantizedLinearOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "computes in F32"; }

    @Override public void run(QuantizedLinearOp op, Tensor[] in, Tensor out) {
        int n = in[1].size(0), k = in[1].size(1), rows = Math.toIntExact(out.count() / n);
        Matrix bias = in.length > 3 ? matrix(in[3], 0, 1, n) : null;
        ScaledBytes weight = new ScaledBytes(matrix(in[1], 0, n, k), in[2].address());
        Gemm.multiply(Factors.F32, Rows.of(matrix(in[0], 0, rows, k)), weight, k, bias, matrix(out, 0, rows, n), false);
    }
}
