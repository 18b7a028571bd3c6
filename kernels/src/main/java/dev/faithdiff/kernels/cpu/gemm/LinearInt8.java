package dev.faithdiff.kernels.cpu.gemm;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.LinearOp;

/**
 * {@link LinearPacked} whose operands are rounded to signed bytes, each row of activations and of the weight with a scale of its own; sums are whole
 * numbers. The weight is rounded at each call.
 */
public final class LinearInt8 extends LinearPacked {
    @Override public DType rounds() { return DType.I8; }

    @Override public String refuses(LinearOp op, Tensor[] in) { return refusal(in[1]) == null ? super.refuses(op, in) : refusal(in[1]); }

    /** Why the sums of a weight's rows do not fit, or null. */
    static String refusal(Tensor weight) {
        return weight.size(1) > ByteFactors.LONGEST ? "takes rows of up to " + ByteFactors.LONGEST + " numbers" : null;
    }

    @Override public void run(LinearOp op, Tensor[] in, Tensor out) {
        int n = in[1].size(0), k = in[1].size(1), rows = Math.toIntExact(out.count() / n);
        if (GemmDots.suits(rows, n)) { // memory limits these
            super.run(op, in, out);
            return;
        }
        ByteFactors f = ByteFactors.FASTEST;
        try (ByteRows x = ByteRows.round(f, matrix(in[0], 0, rows, k), false);
                ByteRows weight = ByteRows.round(f, matrix(in[1], 0, n, k), true)) {
            Gemm.multiply(f, x, weight, in.length > 2 ? matrix(in[2], 0, 1, n) : null, matrix(out, 0, rows, n));
        }
    }
}
