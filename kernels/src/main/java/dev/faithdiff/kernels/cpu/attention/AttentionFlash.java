package dev.faithdiff.kernels.cpu.attention;

import static dev.faithdiff.kernels.cpu.attention.PackedHeads.SCORES;
import static dev.faithdiff.kernels.cpu.attention.PackedHeads.STEP;
import static dev.faithdiff.kernels.cpu.gemm.Panels.BLOCK;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.SUMS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.gemm.Factors;
import dev.faithdiff.kernels.cpu.gemm.PackedB;
import dev.faithdiff.kernels.cpu.gemm.Panels;
import dev.faithdiff.kernels.cpu.gemm.ProductKernel;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Attention without a stored score matrix: for a block of queries it goes over the keys step by step with a running maximum and sum (Dao et al.,
 * FlashAttention, 2022). Both products are computed by {@link Panels}: queries with packed keys, and weights with packed values.
 *
 * <p>Keys and values are packed once for all query blocks, which takes as much memory as they do.
 */
public class AttentionFlash implements ProductKernel<AttentionOp> {
    private static final ThreadLocal<Work> WORK = ThreadLocal.withInitial(Work::new);

    /** A thread's buffers for a block of queries. */
    static final class Work {
        final float[] q = new float[BLOCK * STRIDE];
        final float[] weights = new float[BLOCK * STRIDE];
        final float[] scores = new float[SCORES];
        private final MemorySegment rows = Arena.ofAuto().allocate(12L * BLOCK, 64);
        /** Addresses of a number for each row. */
        final long max = rows.address(), sum = max + 4L * BLOCK, factors = sum + 4L * BLOCK;
        float[] y = {};

        /** This thread's buffers, large enough for values of width e. */
        static Work of(int e) {
            Work w = WORK.get();
            if (w.y.length < PackedB.panels(e) * SUMS) w.y = new float[PackedB.panels(e) * SUMS];
            return w;
        }
    }

    /** The operands by head, with keys and values packed; the bias may be null. */
    record Packed(AttentionOp op, AttentionHeads q, PackedHeads keys, PackedHeads values, double scale, AttentionBias bias) implements AutoCloseable {
        static Packed of(Factors f, AttentionOp op, Tensor[] in, AttentionBias bias) {
            return new Packed(op, new AttentionHeads(in[0], op.heads()), PackedHeads.ofTokens(f, new AttentionHeads(in[1], op.keyHeads())),
                    PackedHeads.ofComponents(f, new AttentionHeads(in[2], op.keyHeads())), op.scale(in), bias);
        }

        @Override public void close() {
            keys.close();
            values.close();
        }
    }

    @Override public Class<AttentionOp> op() { return AttentionOp.class; }

    @Override public String refuses(AttentionOp op, Tensor[] in) { return refusal(op, in); }

    static String refusal(AttentionOp op, Tensor[] in) {
        for (Tensor t : in) if (t.dtype() != DType.F32) return "takes F32";
        if (op.headWidth(in) > Panels.DEPTH) return "takes heads of up to " + Panels.DEPTH + " components";
        return in[1].size(1) == 0 ? "there are no keys" : null;
    }

    @Override public void run(AttentionOp op, Tensor[] in, Tensor out) {
        try (Packed p = Packed.of(factors(), op, in, AttentionBias.of(op, in, in.length > 3 ? in[3] : null))) {
            AttentionHeads q = p.q, y = new AttentionHeads(out, op.heads());
            Parallel.run(q.count() * q.blocks(), i -> {
                int head = i / q.blocks(), query = i % q.blocks() * q.blockRows();
                y.store(attend(p, head, query).y, head, query, q.rows(query));
            });
        }
    }

    /**
     * Computes a block of queries of one head, from {@code query} on: the result is in {@code y}, beside the maximum of its scores and, in
     * {@code factors}, one over the sum of its weights.
     */
    static Work attend(Packed p, int head, int query) {
        int keyCount = p.keys.heads().tokens();
        int e = p.values.heads().width();
        int keyHead = head / p.op.group();
        int ahead = p.op.offset() + query + 1;
        boolean causal = p.op.causal();
        Work w = Work.of(e);
        Factors factors = p.keys.factors();
        int rows = p.q.pack(factors, head, query, w.q);
        for (long r = 0; r < 4L * rows; r += 4) {
            Vec.set(w.max + r, -Float.MAX_VALUE); // finite, for steps whose keys are all masked by a bias
            Vec.set(w.sum + r, 0);
        }
        int end = causal ? Math.min(keyCount, ahead + rows - 1) : keyCount;
        for (int key = 0; key < end; key += STEP) {
            int count = Math.min(STEP, end - key);
            p.keys.scores(keyHead, rows, w.q, key, count, w.scores);
            for (int r = 0; r < rows; r++) {
                if (p.bias != null) p.bias.addToQuery(w.scores, r, head, query + r, key, count);
                int seen = causal ? Math.clamp(ahead + r - key, 0, count) : count;
                hide(w.scores, r, seen, PackedB.panels(count) * WIDTH);
            }
            weigh(w, rows, PackedB.panels(count), p.scale, key > 0 ? e : 0);
            factors.round(w.weights, 0, rows, count);
            p.values.sums(keyHead, rows, w.weights, key, count, key > 0, w.y);
        }
        for (long r = 0; r < 4L * rows; r += 4) { // scores that are all no numbers or minus infinity have no softmax
            Vec.set(w.factors + r, Vec.get(w.max + r) > -Float.MAX_VALUE ? 1 / Vec.get(w.sum + r) : Float.NaN);
        }
        ScoreRows.FASTEST.scale(w.y, rows, PackedB.panels(e), w.factors);
        return w;
    }

    /** Masks columns from..end of a row. */
    static void hide(float[] scores, int row, int from, int end) {
        for (int c = from, next; c < end; c = next) {
            next = Math.min(end, (c / WIDTH + 1) * WIDTH);
            int at = c / WIDTH * SUMS + row * WIDTH + c % WIDTH;
            Arrays.fill(scores, at, at + next - c, Float.NEGATIVE_INFINITY);
        }
    }

    /**
     * Turns scores into weights relative to the new maxima, and rescales the first {@code components} of the results so far to these maxima.
     */
    private static void weigh(Work w, int rows, int panels, double scale, int components) {
        ScoreRows.FASTEST.greatest(w.scores, rows, panels, w.factors);
        boolean moved = false;
        for (long r = 0; r < 4L * rows; r += 4) {
            float before = Vec.get(w.max + r), max = Vec.get(w.factors + r), decay = max > before ? (float) Math.exp((before - max) * scale) : 1;
            Vec.set(w.factors + r, decay);
            if (max <= before) continue;
            Vec.set(w.sum + r, Vec.get(w.sum + r) * decay);
            Vec.set(w.max + r, max);
            moved = true;
        }
        if (moved && components > 0) ScoreRows.FASTEST.scale(w.y, rows, PackedB.panels(components), w.factors);
        ScoreRows.FASTEST.powers(w.scores, rows, panels, w.max, scale, w.weights, w.sum);
    }
}
