package dev.faithdiff.kernels.cpu.attention;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.Kernel;
import jdk.incubator.vector.FloatVector;

/** Gradients of attention among a few tokens in very many heads, laid out as in {@link AttentionFew}. */
public final class AttentionGradFew implements Kernel<AttentionOp.Grad> {
    @Override public Class<AttentionOp.Grad> op() { return AttentionOp.Grad.class; }

    @Override public String refuses(AttentionOp.Grad op, Tensor[] in) { return AttentionFew.refusal(op.of(), in, true); }

    @Override public void run(AttentionOp.Grad op, Tensor[] in, Tensor out) {
        int heads = op.of().heads(), queries = in[0].size(1), keys = in[1].size(1);
        AttentionHeads v = new AttentionHeads(in[2], heads), g = new AttentionHeads(in[3], heads);
        AttentionHeads[] to = AttentionHeads.parts(out, in, op.of());
        float scale = (float) op.of().scale(in);
        AttentionFew.groups(g.count(), (w, first) -> {
            AttentionFew.weigh(op.of(), in, w, first);
            g.toHeadLanes(first, w.g);
            v.toHeadLanes(first, w.v);
            AttentionFew.products(w.g, queries, w.v, keys, v.width(), w.slopes);
            for (int t = 0; t < queries; t++) slopes(w, t * keys * LANES, keys * LANES, scale);
            AttentionFew.combine(w.slopes, keys, 1, w.k, keys, to[0].width(), w.y, queries);
            to[0].fromHeadLanes(w.y, first);
            AttentionFew.combine(w.slopes, 1, keys, w.q, queries, to[1].width(), w.y, keys);
            to[1].fromHeadLanes(w.y, first);
            AttentionFew.combine(w.weights, 1, keys, w.g, queries, to[2].width(), w.y, keys);
            to[2].fromHeadLanes(w.y, first);
        });
    }

    /** slopes = p (slopes - the mean of slopes weighted by p) scale, for one query. */
    private static void slopes(AttentionFew.Work w, int at, int count, float scale) {
        FloatVector mean = FloatVector.zero(F);
        for (int i = at; i < at + count; i += LANES) mean = FloatVector.fromArray(F, w.weights, i).fma(FloatVector.fromArray(F, w.slopes, i), mean);
        for (int i = at; i < at + count; i += LANES) {
            FloatVector.fromArray(F, w.slopes, i).sub(mean).mul(FloatVector.fromArray(F, w.weights, i)).mul(scale).intoArray(w.slopes, i);
        }
    }
}
