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
 * Gradients of attention without a score matrix: {@link AttentionFlash} runs again for each query's maximum, sum and
 * {@code g . y}; then tokens of the wanted operand are lanes, and the tokens on the other side are walked block by block.
 */
public final class AttentionGradFlash implements Kernel<AttentionOp.Grad> {
    private static final ThreadLocal<Work> WORK = ThreadLocal.withInitial(Work::new);

    private static final class Work {
        private final float[] weights = new float[BLOCK * WIDTH], slopes = new float[BLOCK * WIDTH];
        private float[] x = {}, g = {}, sums = {};

        static Work of(int x, int g, int sums) {
            Work w = WORK.get();
            if (w.x.length < x * WIDTH) w.x = new float[x * WIDTH];
            if (w.g.length < g * WIDTH) w.g = new float[g * WIDTH];
            if (w.sums.length < AttentionHeads.roundUp(sums) * WIDTH) w.sums = new float[AttentionHeads.roundUp(sums) * WIDTH];
            return w;
        }
    }

    /** Numbers of each query of each head: the score its weights are relative to, one over their sum, and g . y. */
    private record Rows(float[] max, float[] share, float[] dot) {}

    /**
     * One side in lanes, x for scores and g for slopes, and the other in rows, packed for both and for the final sum over tokens of
     * {@code terms}. Without slopes the sum is weighted by the probabilities themselves.
     */
    private record Sides(AttentionHeads x, AttentionHeads g, AttentionHeads rows, AttentionHeads rowsG, AttentionHeads terms,
            Workspace packedX, Workspace packedG, Workspace packedTerms, Rows queries, float scale, boolean causal,
            boolean queryLanes, boolean slopes) {
        void pack() {
            Parallel.run(rows.count() * rows.blocks(), i -> {
                int head = i / rows.blocks(), block = i % rows.blocks();
                rows.packTokens(head, block, packedX.at(head * rows.tokenPanels()));
                if (slopes) rowsG.packTokens(head, block, packedG.at(head * rowsG.tokenPanels()));
                terms.packComponents(head, block, packedTerms.at(head * terms.componentPanels()));
            });
        }
    }

    @Override public Class<AttentionOp.Grad> op() { return AttentionOp.Grad.class; }

    @Override public String refuses(AttentionOp.Grad op, Tensor[] in) { return AttentionFlash.refuses(in); }

    @Override public void run(AttentionOp.Grad op, Tensor[] in, Tensor out) {
        int heads = op.of().heads();
        AttentionHeads q = new AttentionHeads(in[0], heads), k = new AttentionHeads(in[1], heads), v = new AttentionHeads(in[2], heads);
        AttentionHeads g = new AttentionHeads(in[3], heads), to = new AttentionHeads(out, heads);
        boolean queryLanes = op.operand() == 0, slopes = op.operand() < 2;
        AttentionHeads x = queryLanes ? q : k, lanesG = queryLanes ? g : v, rows = queryLanes ? k : q, rowsG = queryLanes ? v : g;
        AttentionHeads terms = slopes ? rows : g;
        float scale = (float) (op.of().scale(in) / Math.log(2)), unit = (float) op.of().scale(in);
        Rows queries = queries(op.of(), in, g);
        try (Workspace a = Workspace.of(x.count() * rows.tokenPanels()); Workspace b = Workspace.of(slopes ? x.count() * rowsG.tokenPanels() : 1);
                Workspace c = Workspace.of(x.count() * terms.componentPanels())) {
            Sides s = new Sides(x, lanesG, rows, rowsG, terms, a, b, c, queries, scale, op.of().causal(), queryLanes, slopes);
            s.pack();
            Parallel.run(x.count() * x.laneBlocks(), i -> {
                int head = i / x.laneBlocks(), lane = i % x.laneBlocks() * WIDTH, count = Math.min(WIDTH, x.tokens() - lane);
                to.fromLanes(sum(s, head, lane, count, slopes ? unit : 1), head, lane, count);
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
                float[] lanes = Work.of(0, g.width(), 0).g;
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

    /** The gradient of {@code count} tokens of one head in lanes. */
    private static float[] sum(Sides s, int head, int lane, int count, float unit) {
        int vectors = (count + LANES - 1) / LANES, d = s.x.width(), e = s.g.width();
        Work w = Work.of(d, e, s.terms.width());
        s.x.toLanes(head, lane, count, w.x);
        if (s.slopes) s.g.toLanes(head, lane, count, w.g);
        int from = s.causal && !s.queryLanes ? lane / BLOCK * BLOCK : 0;
        int end = s.causal && s.queryLanes ? Math.min(s.rows.tokens(), lane + count) : s.rows.tokens();
        if (from >= end) Arrays.fill(w.sums, 0); // keys that no query sees
        for (int row = from; row < end; row += BLOCK) {
            int rows = Math.min(BLOCK, end - row);
            AttentionFlash.multiply(s.packedX.at(head * s.rows.tokenPanels() + (long) row * d), d, vectors, rows, w.x, w.weights);
            if (s.causal) hide(s, w.weights, rows, row - lane);
            if (s.slopes) AttentionFlash.multiply(s.packedG.at(head * s.rowsG.tokenPanels() + (long) row * e), e, vectors, rows, w.g, w.slopes);
            for (int v = 0; v < vectors; v++) {
                if (s.queryLanes) slopesOfLanes(w, rows, v * LANES, s, head * s.x.tokens() + lane, count, unit);
                else weightsOfRows(w, rows, v * LANES, s, head * s.rows.tokens() + row, unit);
            }
            AttentionFlash.accumulate(s.packedTerms.at(head * s.terms.componentPanels() + (long) row * ROWS), s.terms, rows, vectors,
                    row == from, w.weights, w.sums);
        }
        return w.sums;
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

    /** weights = p (slopes - dot) unit, queries in lanes. */
    private static void slopesOfLanes(Work w, int rows, int at, Sides s, int query, int count, float unit) {
        FloatVector dot = lanes(s.queries.dot, query, at, count), share = lanes(s.queries.share, query, at, count).mul(unit);
        AttentionFlash.powers(w.weights, rows, at, lanes(s.queries.max, query, at, count), s.scale);
        for (int i = at; i < rows * WIDTH; i += WIDTH) {
            FloatVector.fromArray(F, w.slopes, i).sub(dot).mul(FloatVector.fromArray(F, w.weights, i).mul(share)).intoArray(w.weights, i);
        }
    }

    /** The numbers of a vector of queries; lanes beyond the last repeat it. */
    private static FloatVector lanes(float[] all, int query, int at, int count) {
        float[] lanes = new float[LANES];
        for (int i = 0; i < LANES; i++) lanes[i] = all[query + Math.min(at + i, count - 1)];
        return FloatVector.fromArray(F, lanes, 0);
    }

    /** weights = p, or p (slopes - dot) unit if there are slopes, keys in lanes. */
    private static void weightsOfRows(Work w, int rows, int at, Sides s, int query, float unit) {
        subtract(w.weights, rows, at, s.queries.max, query);
        AttentionFlash.powers(w.weights, rows, at, FloatVector.zero(F), s.scale);
        if (s.slopes) {
            subtract(w.slopes, rows, at, s.queries.dot, query);
            multiply(w.weights, rows, at, w.slopes);
        }
        multiply(w.weights, rows, at, s.queries.share, query, unit);
    }

    private static void subtract(float[] x, int rows, int at, float[] numbers, int first) {
        for (int r = 0, i = at; r < rows; r++, i += WIDTH) FloatVector.fromArray(F, x, i).sub(numbers[first + r]).intoArray(x, i);
    }

    private static void multiply(float[] x, int rows, int at, float[] factors) {
        for (int i = at; i < rows * WIDTH; i += WIDTH) FloatVector.fromArray(F, x, i).mul(FloatVector.fromArray(F, factors, i)).intoArray(x, i);
    }

    private static void multiply(float[] x, int rows, int at, float[] numbers, int first, float unit) {
        for (int r = 0, i = at; r < rows; r++, i += WIDTH) FloatVector.fromArray(F, x, i).mul(numbers[first + r] * unit).intoArray(x, i);
    }
}
