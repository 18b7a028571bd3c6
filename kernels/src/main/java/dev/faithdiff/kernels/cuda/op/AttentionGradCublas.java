package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.Cublas;
import dev.faithdiff.kernels.cuda.CudaDevice;
import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.CastOp;
import dev.faithdiff.tensor.op.Engine;

/**
 * Attention's gradients as products of cuBLAS, a group of heads at a time. The probabilities P are computed again. The gradient of v is
 * {@code P^T g}; with {@code D = scale P (g V^T - sum(P g V^T))} those of q and k are {@code D K} and {@code D^T Q}.
 */
public final class AttentionGradCublas extends CudaKernel<AttentionOp.Grad> {
    private static final long MOST_SCORES = 1L << 29;

    public AttentionGradCublas() { super("attention_scores"); }

    @Override public Class<AttentionOp.Grad> op() { return AttentionOp.Grad.class; }

    @Override public String refuses(AttentionOp.Grad op, Tensor[] in) {
        long scores = (long) in[0].size(1) * in[1].size(1) * op.of().group();
        return scores > MOST_SCORES ? "takes at most 2^29 scores of the heads that share their keys" : AttentionScores.refuses(in);
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
                cublas.products(heads, n, s.keys(), s.d(), s.of(q, b, h, 0, false), s.ofKeys(k, b, h, true), s.of(scores, n, false));
                s.softmax(this, scores, p, bias, b, h, heads, 0, n);
                toKeys(s, cublas, p, g, dv, b, h, heads, n);
                cublas.products(heads, n, s.keys(), s.e(), s.of(g, b, h, 0, false), s.ofKeys(v, b, h, true), s.of(scores, n, false));
                launch(new Tensor[] {p}, p, "scores_softmax_grad").grid(rows).block(s.block(p.dtype()))
                        .arg(p).arg(scores).arg(p).arg(s.keys()).arg(scale).run();
                cublas.products(heads, n, s.d(), s.keys(), s.of(p, n, false), s.ofKeys(k, b, h, false), s.of(dq, b, h, 0, false));
                toKeys(s, cublas, p, q, dk, b, h, heads, n);
                if (op.bias()) sumBias(s, p, dbias, b, h, heads, n, scale);
            });
            if (op.bias()) Engine.update(new CastOp(out.dtype()), AttentionOp.Grad.part(out, in, 3), dbias);
        }
    }

    /** The gradient of a part's keys or values: products with the transposed weights, summed over the query heads that share them. */
    private void toKeys(AttentionScores s, Cublas cublas, Tensor weights, Tensor from, Tensor to, int sample, int head, int heads, int queries) {
        int width = from.size(2) / s.op().heads();
        if (s.op().group() == 1) {
            cublas.products(heads, s.keys(), width, queries,
                    s.of(weights, queries, true), s.of(from, sample, head, 0, false), s.of(to, sample, head, 0, false));
            return;
        }
        try (Scope _ = Scope.open()) {
            Tensor each = Tensor.empty(to.device(), DType.F32, Shape.of(heads, s.keys(), width));
            cublas.products(heads, s.keys(), width, queries, s.of(weights, queries, true), s.of(from, sample, head, 0, false),
                    Cublas.Matrices.dense(each.address(), DType.F32, false, s.keys(), width));
            launch(new Tensor[] {weights}, to, "scores_group_sum").grid(Grid.blocks((long) s.keys() * width))
                    .arg(each).arg(s.ofKeys(to, sample, head, false).address()).arg(heads).arg(s.keys()).arg(width).arg(to.size(2)).run();
        }
    }

    /** Adds the gradient of a part to that of the bias; the first part is stored instead. */
    private void sumBias(AttentionScores s, Tensor slopes, Tensor to, int sample, int head, int heads, int queries, float scale) {
        long[] steps = AttentionPlainCuda.steps(to);
        int matrices = to.size(1) == 1 ? 1 : heads;
        boolean add = sample > 0 && to.size(0) == 1 || head > 0 && to.size(1) == 1;
        launch(new Tensor[] {slopes}, to, "scores_bias_grad").grid(Grid.blocks((long) matrices * to.size(2) * to.size(3)))
                .arg(slopes).arg(to.address() + 4 * (sample * steps[0] + head * steps[1])).arg(heads).arg(queries).arg(s.keys())
                .arg(matrices).arg(to.size(2)).arg(scale).arg(add ? 1 : 0).run();
    }
}
