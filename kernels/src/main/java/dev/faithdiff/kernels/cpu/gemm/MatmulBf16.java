package dev.faithdiff.kernels.cpu.gemm;

import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.MatmulOp;

/** {@link MatmulPacked} whose operands are rounded to BF16 while they are packed, with sums in F32. */
public final class MatmulBf16 extends MatmulPacked {
    @Override public Factors factors() { return Factors.BF16; }

    @Override public String refuses(MatmulOp op, Tensor[] in) {
        return op.transposeA() ? "leaves transposed left operands to MatmulPacked" : super.refuses(op, in);
    }
}
