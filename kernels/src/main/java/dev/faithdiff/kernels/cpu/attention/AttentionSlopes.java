package dev.faithdiff.kernels.cpu.attention;

import static dev.faithdiff.kernels.cpu.gemm.Factors.F32;
import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.attention.PackedHeads.SCORES;
import static dev.faithdiff.kernels.cpu.gemm.Panels.BLOCK;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.SUMS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

import dev.faithdiff.kernels.cpu.gemm.PackedB;
import dev.faithdiff.tensor.op.AttentionOp;
import jdk.incubator.vector.FloatVector;

/**
 * Attention's probabilities and the gradients ("slopes") of its scores, for a block of rows of one side, queries or keys, and a step of tokens of the
 * other side. x are the rows for the scores, and g the rows for the slopes. The other side is packed for both products and for the final sums over
 * tokens: x's gradient is the sum of {@code terms} weighted by the slopes. If the rows are keys, g is v, and its gradient is the sum of
 * {@code termsG} weighted by the probabilities.
 */
record AttentionSlopes(AttentionOp op, AttentionHeads x, AttentionHeads g, PackedHeads acrossX, PackedHeads acrossG, PackedHeads terms,
        PackedHeads termsG, Queries queries, double scale, AttentionBias bias) implements AutoCloseable {
    private static final ThreadLocal<Work> WORK = ThreadLocal.withInitial(Work::new);

    /** A thread's buffers for a block of rows. */
    static final class Work {
        final float[] x = new float[BLOCK * STRIDE], g = new float[BLOCK * STRIDE];
        final float[] weights = new float[BLOCK * STRIDE], slopes = new float[BLOCK * STRIDE];
        private final float[] scores = new float[SCORES], products = new float[SCORES];
        float[] sums = {}, sumsG = {};

        /** This thread's buffers, large enough for rows of these widths. */
        static Work of(int x, int g) {
            Work w = WORK.get();
            if (w.sums.length < PackedB.panels(x) * SUMS) w.sums = new float[PackedB.panels(x) * SUMS];
            if (w.sumsG.length < PackedB.panels(g) * SUMS) w.sumsG = new float[PackedB.panels(g) * SUMS];
            return w;
        }
    }

    /** Three values of each query of each head, in whole panels: the maximum of its scores, one over the sum of its weights, and g . y. */
    record Queries(int step, float[] max, float[] share, float[] dot) {
        static Queries of(AttentionHeads q) {
            int step = PackedB.panels(q.tokens()) * WIDTH, all = Math.multiplyExact(q.count(), step);
            return new Queries(step, new float[all], new float[all], new float[all]);
        }
    }

    /** Rows are queries: x is q and g the gradient of the result. */
    static AttentionSlopes ofQueries(AttentionOp op, AttentionHeads q, AttentionHeads g, AttentionHeads k, AttentionHeads v, Queries queries,
            double scale, AttentionBias bias) {
        return new AttentionSlopes(op, q, g, PackedHeads.ofTokens(F32, k), PackedHeads.ofTokens(F32, v), PackedHeads.ofComponents(F32, k), null,
                queries, scale, bias);
    }

    /** Rows are keys: x is k and g is v. */
    static AttentionSlopes ofKeys(AttentionOp op, AttentionHeads q, AttentionHeads g, AttentionHeads k, AttentionHeads v, Queries queries,
            double scale, AttentionBias bias) {
        return new AttentionSlopes(op, k, v, PackedHeads.ofTokens(F32, q), PackedHeads.ofTokens(F32, g), PackedHeads.ofComponents(F32, q),
                PackedHeads.ofComponents(F32, g), queries, scale, bias);
    }

    boolean queryRows() { return termsG == null; }

    int tasks() { return x.count() * x.blocks(); }

    /** The first token of the other side that a block of rows from {@code row} on may see, rounded down to a step. */
    int first(int row) { return op.causal() && !queryRows() ? Math.max(0, row - op.offset()) / PackedHeads.STEP * PackedHeads.STEP : 0; }

    /** The end of the tokens that a block of rows sees. */
    int end(int row, int rows) {
        int tokens = acrossX.heads().tokens();
        return op.causal() && queryRows() ? Math.min(tokens, row + rows + op.offset()) : tokens;
    }

    /** Packs a block of rows of a head and returns their number. */
    int pack(Work w, int head, int row) {
        g.pack(F32, head, row, w.g);
        return x.pack(F32, head, row, w.x);
    }

    /** Computes the slopes and, if rows are keys, the probabilities of packed rows with tokens from..from+count of a head of the other side. */
    void compute(Work w, int head, int across, int row, int rows, int from, int count) {
        int panels = PackedB.panels(count), queryHead = queryRows() ? head : across;
        acrossX.scores(across, rows, w.x, from, count, w.scores);
        acrossG.scores(across, rows, w.g, from, count, w.products);
        if (bias != null && !queryRows()) bias.addToKeys(w.scores, rows, queryHead, row, from, count);
        for (int r = 0; r < rows; r++) {
            if (queryRows()) {
                if (bias != null) bias.addToQuery(w.scores, r, queryHead, row + r, from, count);
                if (op.causal()) AttentionFlash.hide(w.scores, r, Math.clamp(row + r + 1 + op.offset() - from, 0, count), panels * WIDTH);
                slopesOfQuery(w, r, panels, queryHead * queries.step + row + r);
            } else {
                if (op.causal()) AttentionFlash.hide(w.scores, r, 0, Math.clamp(row + r - op.offset() - from, 0, count));
                slopesOfKey(w, r, panels, queryHead * queries.step + from);
            }
        }
    }

    /** slopes = p (products - dot) scale, for a row that is a query. */
    private void slopesOfQuery(Work w, int row, int panels, int query) {
        ScoreRowsVector.powers(w.scores, row, panels, queries.max[query], scale, w.weights);
        float share = queries.share[query] * (float) scale, dot = queries.dot[query];
        for (int i = 0, at = row * STRIDE; i < 2 * panels; i++, at += LANES) {
            FloatVector product = FloatVector.fromArray(F, w.products, PackedHeads.vector(row, i));
            product.sub(dot).mul(FloatVector.fromArray(F, w.weights, at).mul(share)).intoArray(w.slopes, at);
        }
    }

    /** weights = p and slopes = p (products - dot) scale, for a row that is a key, and columns that are queries from {@code query} on. */
    private void slopesOfKey(Work w, int row, int panels, int query) {
        for (int i = 0; i < 2 * panels; i++) {
            int at = PackedHeads.vector(row, i);
            FloatVector.fromArray(F, w.scores, at).sub(FloatVector.fromArray(F, queries.max, query + i * LANES)).intoArray(w.scores, at);
        }
        ScoreRowsVector.powers(w.scores, row, panels, 0, scale, w.weights);
        for (int i = 0, at = row * STRIDE; i < 2 * panels; i++, at += LANES) {
            FloatVector p = FloatVector.fromArray(F, w.weights, at).mul(FloatVector.fromArray(F, queries.share, query + i * LANES));
            p.intoArray(w.weights, at);
            FloatVector product = FloatVector.fromArray(F, w.products, PackedHeads.vector(row, i));
            product.sub(FloatVector.fromArray(F, queries.dot, query + i * LANES)).mul(p).mul((float) scale).intoArray(w.slopes, at);
        }
    }

    @Override public void close() {
        acrossX.close();
        acrossG.close();
        terms.close();
        if (termsG != null) termsG.close();
    }
}
