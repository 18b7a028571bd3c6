package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.Cublas;
import dev.faithdiff.kernels.cuda.CudaDevice;
import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;

/** Attention of any head width as two products of cuBLAS with softmax between them, for as many heads and queries at once as fit 256 MB of scores. */
public final class AttentionCublas extends CudaKernel<AttentionOp> {
    public AttentionCublas() { super("attention_scores"); }

    @Override public Class<AttentionOp> op() { return AttentionOp.class; }

    @Override public String refuses(AttentionOp op, Tensor[] in) { return AttentionScores.refuses(in); }

    @Override public void run(AttentionOp op, Tensor[] in, Tensor out) {
        AttentionScores s = AttentionScores.of(op, in, true);
        Cublas cublas = ((CudaDevice) out.device()).cublas();
        try (Scope _ = Scope.open()) {
            Tensor scores = s.room(out, DType.F32), p = s.room(out, out.dtype());
            s.each((b, h, heads, first, queries) -> {
                cublas.products(heads, queries, s.keys(), s.d(), s.of(in[0], b, h, first, false), s.ofKeys(in[1], b, h, true),
                        s.of(scores, queries, false));
                s.softmax(this, scores, p, in.length > 3 ? in[3] : null, b, h, heads, first, queries);
                cublas.products(heads, queries, s.e(), s.keys(), s.of(p, queries, false), s.ofKeys(in[2], b, h, false),
                        s.of(out, b, h, first, false));
            });
        }
    }
}
