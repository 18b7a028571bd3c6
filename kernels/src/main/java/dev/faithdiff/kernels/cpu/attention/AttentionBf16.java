package dev.faithdiff.kernels.cpu.attention;

import dev.faithdiff.kernels.cpu.gemm.Factors;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;

/** {@link AttentionFlash} whose two products are of BF16: queries, keys, values and weights are rounded, scores and sums are F32. */
public final class AttentionBf16 extends AttentionFlash {
    @Override public Factors factors() { return Factors.BF16; }

    @Override public String refuses(AttentionOp op, Tensor[] in) {
        return AttentionFew.refusal(op, in, false) == null ? "leaves few tokens in many heads to AttentionFew" : super.refuses(op, in);
    }
}
