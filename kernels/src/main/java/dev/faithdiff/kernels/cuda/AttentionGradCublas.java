package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.CastOp;
import dev.faithdiff.tensor.op.Engine;

/**
 * Attention's gradients as products of cuBLAS, a group of heads at a time: probabilities P again, then {@code P^T g} for v, and with
 * {@code D = scale P (g V^T - sum(P g V^T))} the products {@code D K} for q and {@code D^T Q} for k.
 */
final class AttentionGradCublas extends CudaKernel<AttentionOp.Grad> {
    private static final long MOST_SCORES = 1L << 29;

    AttentionGradCublas() { super("attention_scores"); }

    @Override public Class<AttentionOp.Grad> op() { return AttentionOp.Grad.class; }

    @Override public String refuses(AttentionOp.Grad op, Tensor[] in) {
        if (op.of().group() > 1) return "takes a head of keys for each head";
        return (long) in[0].size(1) * in[1].size(1) > MOST_SCORES ? "takes at most 2^29 scores of a head" : AttentionScores.refuses(in);
    }

    @Override public void run(AttentionOp.Grad op, Tensor[] in, Tensor out) {
        Tensor dq = AttentionOp.Grad.part(out, in, 0), dk = AttentionOp.Grad.part(out, in, 1), dv = AttentionOp.Grad.part(out, in, 2);
        Tensor q = in[0], k = in[1], v = in[2], g = in[3];
        AttentionScores s = AttentionScores.of(op.of(), in, false);
        Cublas cublas = ((CudaDevice) out.device()).cublas();
        float scale = (float) (1 / Math.sqrt(s.d()));
        try (Scope _ = Scope.open()) {
            Tensor scores = s.room(out, DType.F32), p = s.room(out, out.dtype()), bias = in.length > 4 ? in[4] : null;
            Tensor dbias = op.bias() ? Tensor.empty(out.device(), DType.F32, bias.shape()) : null;
            s.each((b, h, heads, first, n) -> {
                long rows = (long) heads * n;
                cublas.products(heads, n, s.keys(), s.d(), s.of(q, b, h, 0, false), s.of(k, b, h, 0, true), s.of(scores, n, false));
                s.softmax(this, scores, p, bias, b, h, heads, 0, n);
                cublas.products(heads, s.keys(), s.e(), n, s.of(p, n, true), s.of(g, b, h, 0, false), s.of(dv, b, h, 0, false));
                cublas.products(heads, n, s.keys(), s.e(), s.of(g, b, h, 0, false), s.of(v, b, h, 0, true), s.of(scores, n, false));
                launch(new Tensor[] {p}, p, "scores_softmax_grad").grid(rows).block(s.block(p.dtype())).arg(p).arg(scores).arg(p).arg(s.keys()).arg(scale).run();
                cublas.products(heads, n, s.d(), s.keys(), s.of(p, n, false), s.of(k, b, h, 0, false), s.of(dq, b, h, 0, false));
                cublas.products(heads, s.keys(), s.d(), n, s.of(p, n, true), s.of(q, b, h, 0, false), s.of(dk, b, h, 0, false));
                if (op.bias()) sumBias(s, p, dbias, b, h, heads, n, scale);
            });
            if (op.bias()) Engine.update(new CastOp(out.dtype()), AttentionOp.Grad.part(out, in, 3), dbias);
        }
    }

    /** Adds a part's share to the gradient of the bias, or begins with it. */
    private void sumBias(AttentionScores s, Tensor slopes, Tensor to, int sample, int head, int heads, int queries, float scale) {
        long[] steps = AttentionPlainCuda.steps(to);
        int matrices = to.size(1) == 1 ? 1 : heads;
        boolean add = sample > 0 && to.size(0) == 1 || head > 0 && to.size(1) == 1;
        launch(new Tensor[] {slopes}, to, "scores_bias_grad").grid(Work.blocks((long) matrices * to.size(2) * to.size(3)))
                .arg(slopes).arg(to.address() + 4 * (sample * steps[0] + head * steps[1])).arg(heads).arg(queries).arg(s.keys())
                .arg(matrices).arg(to.size(2)).arg(scale).arg(add ? 1 : 0).run();
    }
}
