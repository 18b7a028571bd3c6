package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.gemm.LinearPacked.matrix;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.QuantizedLinearOp;

/** As {@link LinearInt8}, with a weight that is stored in bytes and stays as it is. */
public final class QuantizedLinearInt8 extends QuantizedLinearPacked {
    @Override public DType rounds() { return DType.I8; }

    @Override public String refuses(QuantizedLinearOp op, Tensor[] in) {
        return LinearInt8.refusal(in[1]) == null ? super.refuses(op, in) : LinearInt8.refusal(in[1]);
    }

    @Override public void run(QuantizedLinearOp op, Tensor[] in, Tensor out) {
        int n = in[1].size(0), k = in[1].size(1), rows = Math.toIntExact(out.count() / n);
        if (GemmDots.suits(rows, n)) {
            super.run(op, in, out);
            return;
        }
        ByteFactors f = ByteFactors.FASTEST;
        try (ByteRows x = ByteRows.round(f, matrix(in[0], 0, rows, k), false);
                ByteRows weight = ByteRows.of(matrix(in[1], 0, n, k), in[2].address())) {
            Gemm.multiply(f, x, weight, in.length > 3 ? matrix(in[3], 0, 1, n) : null, matrix(out, 0, rows, n));
        }
    }
}
