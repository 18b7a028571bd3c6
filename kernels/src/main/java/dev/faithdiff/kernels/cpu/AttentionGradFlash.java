package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.AttentionHeads.BLOCK;
import static dev.faithdiff.kernels.cpu.AttentionTiles.ROWS;
import static dev.faithdiff.kernels.cpu.AttentionTiles.WIDTH;
import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.Kernel;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Gradients of attention without a score matrix: {@link AttentionFlash} runs again for each query's maximum, sum and {@code g . y};
 * then queries are lanes and the keys are walked block by block for q's gradient, and keys are lanes and the queries are walked for the
 * gradients of k and v.
 */
public final class AttentionGradFlash implements Kernel<AttentionOp.Grad> {
    private static final ThreadLocal<Work> WORK = ThreadLocal.withInitial(Work::new);

    private static final class Work {
        private final float[] weights = new float[BLOCK * WIDTH], slopes = new float[BLOCK * WIDTH];
        private final float[] max = new float[WIDTH], share = new float[WIDTH], dot = new float[WIDTH];
        private float[] x = {}, g = {}, sums = {}, sumsG = {};

        static Work of(int x, int g) {
            Work w = WORK.get();
            int d = AttentionHeads.roundUp(x) * WIDTH, e = AttentionHeads.roundUp(g) * WIDTH;
            if (w.x.length < d) {
                w.x = new float[d];
                w.sums = new float[d];
            }
            if (w.g.length < e) {
                w.g = new float[e];
                w.sumsG = new float[e];
            }
            return w;
        }
    }

    /** Numbers of each query of each head: the score its weights are relative to, one over their sum, and g . y. */
    private record Rows(float[] max, float[] share, float[] dot) {}

    /**
     * One side in lanes, x for scores and g for slopes, and the other in rows, packed for both and for the final sums over tokens: x's
     * gradient is the sum of {@code rows} weighted by the slopes. With keys in lanes g is v, whose gradient is the sum of {@code rowsG}
     * weighted by the probabilities.
     */
    private record Sides(AttentionHeads x, AttentionHeads g, AttentionHeads rows, AttentionHeads rowsG, Workspace packedX, Workspace packedG,
            Workspace terms, Workspace termsG, Rows queries, float scale, float unit, boolean causal, boolean queryLanes) implements AutoCloseable {
        static Sides of(AttentionHeads x, AttentionHeads g, AttentionHeads rows, AttentionHeads rowsG, Rows queries, double scale,
                boolean causal, boolean queryLanes) {
            int heads = x.count();
            Sides s = new Sides(x, g, rows, rowsG, Workspace.of(heads * rows.tokenPanels()), Workspace.of(heads * rowsG.tokenPanels()),
                    Workspace.of(heads * rows.componentPanels()), Workspace.of(queryLanes ? 1 : heads * rowsG.componentPanels()), queries,
                    (float) (scale / Math.log(2)), (float) scale, causal, queryLanes);
            Parallel.run(heads * rows.blocks(), i -> s.pack(i / rows.blocks(), i % rows.blocks()));
            return s;
        }

        private void pack(int head, int block) {
            rows.packTokens(head, block, packedX.at(head * rows.tokenPanels()));
            rowsG.packTokens(head, block, packedG.at(head * rowsG.tokenPanels()));
            rows.packComponents(head, block, terms.at(head * rows.componentPanels()));
            if (!queryLanes) rowsG.packComponents(head, block, termsG.at(head * rowsG.componentPanels()));
        }

        int tasks() { return x.count() * x.laneBlocks(); }

        @Override public void close() {
            packedX.close();
            packedG.close();
            terms.close();
            termsG.close();
        }
    }

    @Override public Class<AttentionOp.Grad> op() { return AttentionOp.Grad.class; }

    @Override public String refuses(AttentionOp.Grad op, Tensor[] in) { return AttentionFlash.refuses(in); }

    @Override public void run(AttentionOp.Grad op, Tensor[] in, Tensor out) {
        int heads = op.of().heads();
        AttentionHeads q = new AttentionHeads(in[0], heads), k = new AttentionHeads(in[1], heads), v = new AttentionHeads(in[2], heads);
        AttentionHeads g = new AttentionHeads(in[3], heads);
        AttentionHeads[] to = AttentionHeads.parts(out, in, heads);
        Rows numbers = queries(op.of(), in, g);
        double scale = op.of().scale(in);
        try (Sides queries = Sides.of(q, g, k, v, numbers, scale, op.of().causal(), true);
                Sides keys = Sides.of(k, v, q, g, numbers, scale, op.of().causal(), false)) {
            Parallel.run(queries.tasks() + keys.tasks(), i -> {
                boolean first = i < queries.tasks();
                Sides s = first ? queries : keys;
                int task = first ? i : i - queries.tasks(), head = task / s.x.laneBlocks(), lane = task % s.x.laneBlocks() * WIDTH;
                int count = Math.min(WIDTH, s.x.tokens() - lane);
                Work w = sum(s, head, lane, count);
                to[first ? 0 : 1].fromLanes(w.sums, head, lane, count);
                if (!first) to[2].fromLanes(w.sumsG, head, lane, count);
            });
        }
    }

    private static Rows queries(AttentionOp op, Tensor[] in, AttentionHeads g) {
        int all = Math.multiplyExact(g.count(), g.tokens());
        Rows r = new Rows(new float[all], new float[all], new float[all]);
        try (AttentionFlash.Packed p = AttentionFlash.Packed.of(op, in)) {
            Parallel.run(g.count() * g.laneBlocks(), i -> {
                int head = i / g.laneBlocks(), query = i % g.laneBlocks() * WIDTH, count = Math.min(WIDTH, g.tokens() - query);
                AttentionFlash.Work w = AttentionFlash.attend(p, head, query, count);
                float[] lanes = Work.of(0, g.width()).g;
                g.toLanes(head, query, count, lanes);
                for (int j = 0; j < count; j++) {
                    int at = head * g.tokens() + query + j;
                    r.max[at] = w.max[j];
                    r.share[at] = 1 / w.sum[j];
                    r.dot[at] = dot(w.y, lanes, g.width(), j);
                }
            });
        }
        return r;
    }

    /** Rounded as the slopes are, so that a query with one key gets zero. */
    private static float dot(float[] a, float[] b, int count, int lane) {
        float sum = 0;
        for (int i = lane; i < count * WIDTH; i += WIDTH) sum = Math.fma(a[i], b[i], sum);
        return sum;
    }

    /** The gradients of {@code count} tokens of one head in lanes. */
    private static Work sum(Sides s, int head, int lane, int count) {
        int vectors = (count + LANES - 1) / LANES, d = s.x.width(), e = s.g.width();
        Work w = Work.of(d, e);
        s.x.toLanes(head, lane, count, w.x);
        s.g.toLanes(head, lane, count, w.g);
        if (s.queryLanes) copyRows(s, head * s.x.tokens() + lane, count, w);
        int from = s.causal && !s.queryLanes ? lane / BLOCK * BLOCK : 0;
        int end = s.causal && s.queryLanes ? Math.min(s.rows.tokens(), lane + count) : s.rows.tokens();
        if (from >= end) { // keys that no query sees
            Arrays.fill(w.sums, 0);
            Arrays.fill(w.sumsG, 0);
        }
        for (int row = from; row < end; row += BLOCK) {
            int rows = Math.min(BLOCK, end - row);
            AttentionFlash.multiply(s.packedX.at(head * s.rows.tokenPanels() + (long) row * d), d, vectors, rows, w.x, w.weights);
            if (s.causal) hide(s, w.weights, rows, row - lane);
            AttentionFlash.multiply(s.packedG.at(head * s.rowsG.tokenPanels() + (long) row * e), e, vectors, rows, w.g, w.slopes);
            for (int v = 0; v < vectors; v++) {
                if (s.queryLanes) slopesOfLanes(w, rows, v * LANES, s.scale);
                else slopesOfRows(w, rows, v * LANES, s, head * s.rows.tokens() + row);
            }
            AttentionFlash.accumulate(s.terms.at(head * s.rows.componentPanels() + (long) row * ROWS), s.rows, rows, vectors, row == from, w.slopes, w.sums);
            if (s.queryLanes) continue;
            AttentionFlash.accumulate(s.termsG.at(head * s.rowsG.componentPanels() + (long) row * ROWS), s.rowsG, rows, vectors, row == from, w.weights,
                    w.sumsG);
        }
        return w;
    }

    /** The numbers of the queries in lanes; lanes beyond the last repeat it. */
    private static void copyRows(Sides s, int first, int count, Work w) {
        for (int i = 0; i < WIDTH; i++) {
            int query = first + Math.min(i, count - 1);
            w.max[i] = s.queries.max[query];
            w.share[i] = s.queries.share[query] * s.unit;
            w.dot[i] = s.queries.dot[query];
        }
    }

    /** Hides keys from the queries before them; the first row lies {@code ahead} of the first lane. */
    private static void hide(Sides s, float[] scores, int rows, int ahead) {
        if (s.queryLanes) {
            AttentionFlash.hide(scores, rows, ahead);
        } else {
            for (int i = 0; i < Math.min(rows, WIDTH - 1 - ahead); i++) {
                Arrays.fill(scores, i * WIDTH + Math.max(0, ahead + i + 1), (i + 1) * WIDTH, Float.NEGATIVE_INFINITY);
            }
        }
    }

    /** slopes = p (slopes - dot) unit, queries in lanes. */
    private static void slopesOfLanes(Work w, int rows, int at, float scale) {
        FloatVector dot = FloatVector.fromArray(F, w.dot, at), share = FloatVector.fromArray(F, w.share, at);
        AttentionFlash.powers(w.weights, rows, at, FloatVector.fromArray(F, w.max, at), scale);
        for (int i = at; i < rows * WIDTH; i += WIDTH) {
            FloatVector.fromArray(F, w.slopes, i).sub(dot).mul(FloatVector.fromArray(F, w.weights, i).mul(share)).intoArray(w.slopes, i);
        }
    }

    /** weights = p and slopes = p (slopes - dot) unit, keys in lanes. */
    private static void slopesOfRows(Work w, int rows, int at, Sides s, int query) {
        float[] max = s.queries.max, share = s.queries.share, dot = s.queries.dot;
        for (int r = 0, i = at; r < rows; r++, i += WIDTH) FloatVector.fromArray(F, w.weights, i).sub(max[query + r]).intoArray(w.weights, i);
        AttentionFlash.powers(w.weights, rows, at, FloatVector.zero(F), s.scale);
        for (int r = 0, i = at; r < rows; r++, i += WIDTH) {
            FloatVector p = FloatVector.fromArray(F, w.weights, i).mul(share[query + r]);
            p.intoArray(w.weights, i);
            FloatVector.fromArray(F, w.slopes, i).sub(dot[query + r]).mul(p).mul(s.unit).intoArray(w.slopes, i);
        }
    }
}
