package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.PackedHeads.SCORES;
import static dev.faithdiff.kernels.cpu.PackedHeads.STEP;
import static dev.faithdiff.kernels.cpu.Panels.BLOCK;
import static dev.faithdiff.kernels.cpu.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.Panels.SUMS;
import static dev.faithdiff.kernels.cpu.Panels.WIDTH;
import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.Kernel;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Gradients of attention without a score matrix: {@link AttentionFlash} runs again for each query's maximum, sum and {@code g . y};
 * then for a block of queries the keys are walked for q's gradient, and for a block of keys the queries for the gradients of k and v.
 */
public final class AttentionGradFlash implements Kernel<AttentionOp.Grad> {
    private static final ThreadLocal<Work> WORK = ThreadLocal.withInitial(Work::new);

    private static final class Work {
        private final float[] x = new float[BLOCK * STRIDE], g = new float[BLOCK * STRIDE];
        private final float[] weights = new float[BLOCK * STRIDE], slopes = new float[BLOCK * STRIDE];
        private final float[] scores = new float[SCORES], products = new float[SCORES];
        private float[] sums = {}, sumsG = {};

        static Work of(int x, int g) {
            Work w = WORK.get();
            if (w.sums.length < PackedB.panels(x) * SUMS) w.sums = new float[PackedB.panels(x) * SUMS];
            if (w.sumsG.length < PackedB.panels(g) * SUMS) w.sumsG = new float[PackedB.panels(g) * SUMS];
            return w;
        }
    }

    /** Numbers of each query of each head, in whole panels: the score its weights are relative to, one over their sum, and g . y. */
    private record Queries(int step, float[] max, float[] share, float[] dot) {
        static Queries of(AttentionHeads q) {
            int step = PackedB.panels(q.tokens()) * WIDTH, all = Math.multiplyExact(q.count(), step);
            return new Queries(step, new float[all], new float[all], new float[all]);
        }
    }

    /**
     * One side in rows, x for scores and g for slopes, and the other in columns, packed for both and for the final sums over tokens: x's
     * gradient is the sum of {@code terms} weighted by the slopes. With keys in rows g is v, whose gradient is the sum of {@code termsG}
     * weighted by the probabilities.
     */
    private record Sides(AttentionHeads x, AttentionHeads g, PackedHeads acrossX, PackedHeads acrossG, PackedHeads terms, PackedHeads termsG,
            Queries queries, double scale, boolean causal) implements AutoCloseable {
        static Sides of(AttentionHeads x, AttentionHeads g, AttentionHeads acrossX, AttentionHeads acrossG, boolean queryRows, Queries queries, double scale,
                boolean causal) {
            return new Sides(x, g, PackedHeads.ofTokens(acrossX), PackedHeads.ofTokens(acrossG), PackedHeads.ofComponents(acrossX),
                    queryRows ? null : PackedHeads.ofComponents(acrossG), queries, scale, causal);
        }

        boolean queryRows() { return termsG == null; }

        int tasks() { return x.count() * x.blocks(); }

        @Override public void close() {
            acrossX.close();
            acrossG.close();
            terms.close();
            if (termsG != null) termsG.close();
        }
    }

    @Override public Class<AttentionOp.Grad> op() { return AttentionOp.Grad.class; }

    @Override public String refuses(AttentionOp.Grad op, Tensor[] in) { return AttentionFlash.refusal(op.of(), in); }

    @Override public void run(AttentionOp.Grad op, Tensor[] in, Tensor out) {
        int heads = op.of().heads();
        AttentionHeads q = new AttentionHeads(in[0], heads), k = new AttentionHeads(in[1], heads), v = new AttentionHeads(in[2], heads);
        AttentionHeads g = new AttentionHeads(in[3], heads);
        AttentionHeads[] to = AttentionHeads.parts(out, in, heads);
        Queries numbers = queries(op.of(), in, g);
        double scale = op.of().scale(in);
        try (Sides queries = Sides.of(q, g, k, v, true, numbers, scale, op.of().causal());
                Sides keys = Sides.of(k, v, q, g, false, numbers, scale, op.of().causal())) {
            Parallel.run(queries.tasks() + keys.tasks(), i -> {
                boolean first = i < queries.tasks();
                Sides s = first ? queries : keys;
                int task = first ? i : i - queries.tasks(), head = task / s.x.blocks(), row = task % s.x.blocks() * s.x.blockRows();
                int rows = s.x.rows(row);
                Work w = sum(s, head, row);
                to[first ? 0 : 1].store(w.sums, head, row, rows);
                if (!first) to[2].store(w.sumsG, head, row, rows);
            });
        }
    }

    private static Queries queries(AttentionOp op, Tensor[] in, AttentionHeads g) {
        Queries numbers = Queries.of(g);
        try (AttentionFlash.Packed p = AttentionFlash.Packed.of(op, in)) {
            Parallel.run(g.count() * g.blocks(), i -> {
                int head = i / g.blocks(), query = i % g.blocks() * g.blockRows();
                AttentionFlash.Work w = AttentionFlash.attend(p, head, query);
                float[] rows = WORK.get().g;
                int count = g.pack(head, query, rows);
                for (int r = 0; r < count; r++) {
                    int at = head * numbers.step + query + r;
                    numbers.max[at] = w.max[r];
                    numbers.share[at] = 1 / w.sum[r];
                    numbers.dot[at] = dot(rows, w.y, r, g.width());
                }
            });
        }
        return numbers;
    }

    /** Rounded as the slopes are, so that a query with one key gets zero. */
    private static float dot(float[] rows, float[] y, int row, int count) {
        float sum = 0;
        for (int i = 0; i < count; i++) sum = Math.fma(rows[row * STRIDE + i], y[i / WIDTH * SUMS + row * WIDTH + i % WIDTH], sum);
        return sum;
    }

    /** The gradients of a block of rows of one head from {@code row} on. */
    private static Work sum(Sides s, int head, int row) {
        Work w = Work.of(s.x.width(), s.g.width());
        int rows = s.x.pack(head, row, w.x), tokens = s.acrossX.heads().tokens();
        s.g.pack(head, row, w.g);
        int first = s.causal && !s.queryRows() ? row / STEP * STEP : 0, end = s.causal && s.queryRows() ? Math.min(tokens, row + rows) : tokens;
        if (first >= end) { // keys that no query sees
            Arrays.fill(w.sums, 0);
            Arrays.fill(w.sumsG, 0);
        }
        for (int from = first; from < end; from += STEP) {
            int count = Math.min(STEP, end - from), panels = PackedB.panels(count);
            s.acrossX.scores(head, rows, w.x, from, count, w.scores);
            s.acrossG.scores(head, rows, w.g, from, count, w.products);
            for (int r = 0; r < rows; r++) {
                if (s.queryRows()) {
                    if (s.causal) AttentionFlash.hide(w.scores, r, Math.clamp(row + r + 1 - from, 0, count), panels * WIDTH);
                    slopesOfQuery(w, r, panels, s, head * s.queries.step + row + r);
                } else {
                    if (s.causal) AttentionFlash.hide(w.scores, r, 0, Math.clamp(row + r - from, 0, count));
                    slopesOfKey(w, r, panels, s, head * s.queries.step + from);
                }
            }
            s.terms.sums(head, rows, w.slopes, from, count, from > first, w.sums);
            if (!s.queryRows()) s.termsG.sums(head, rows, w.weights, from, count, from > first, w.sumsG);
        }
        return w;
    }

    /** slopes = p (products - dot) scale, for one query in a row. */
    private static void slopesOfQuery(Work w, int row, int panels, Sides s, int query) {
        AttentionFlash.powers(w.scores, row, panels, s.queries.max[query], s.scale, w.weights);
        float share = s.queries.share[query] * (float) s.scale, dot = s.queries.dot[query];
        for (int i = 0, at = row * STRIDE; i < 2 * panels; i++, at += LANES) {
            FloatVector product = FloatVector.fromArray(F, w.products, PackedHeads.vector(row, i));
            product.sub(dot).mul(FloatVector.fromArray(F, w.weights, at).mul(share)).intoArray(w.slopes, at);
        }
    }

    /** weights = p and slopes = p (products - dot) scale, for one key in a row and queries from {@code query} on in columns. */
    private static void slopesOfKey(Work w, int row, int panels, Sides s, int query) {
        for (int i = 0; i < 2 * panels; i++) {
            int at = PackedHeads.vector(row, i);
            FloatVector.fromArray(F, w.scores, at).sub(FloatVector.fromArray(F, s.queries.max, query + i * LANES)).intoArray(w.scores, at);
        }
        AttentionFlash.powers(w.scores, row, panels, 0, s.scale, w.weights);
        for (int i = 0, at = row * STRIDE; i < 2 * panels; i++, at += LANES) {
            FloatVector p = FloatVector.fromArray(F, w.weights, at).mul(FloatVector.fromArray(F, s.queries.share, query + i * LANES));
            p.intoArray(w.weights, at);
            FloatVector product = FloatVector.fromArray(F, w.products, PackedHeads.vector(row, i));
            product.sub(FloatVector.fromArray(F, s.queries.dot, query + i * LANES)).mul(p).mul((float) s.scale).intoArray(w.slopes, at);
        }
    }
}
