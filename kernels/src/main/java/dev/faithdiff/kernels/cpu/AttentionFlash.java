package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.AttentionHeads.BLOCK;
import static dev.faithdiff.kernels.cpu.AttentionTiles.ROWS;
import static dev.faithdiff.kernels.cpu.AttentionTiles.WIDTH;
import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.Kernel;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Attention that never holds a score matrix: for a block of queries it walks the keys block by block with a running maximum and sum
 * (Dao et al., FlashAttention, 2022). A query is a vector lane, so that neither needs a sum across lanes.
 *
 * <p>Keys and values are packed once for all query blocks, in as much memory as they take themselves.
 */
public final class AttentionFlash implements Kernel<AttentionOp> {
    static final float[] ZEROS = new float[WIDTH];
    private static final ThreadLocal<Work> WORK = ThreadLocal.withInitial(Work::new);

    /** What a thread needs for a block of queries, all transposed: one row for a component or key, one lane for a query. */
    static final class Work {
        final float[] scores = new float[BLOCK * WIDTH];
        final float[] max = new float[WIDTH], sum = new float[WIDTH], decay = new float[WIDTH];
        float[] q = {}, y = {};

        /** This thread's, large enough for head widths d and e. */
        static Work of(int d, int e) {
            Work w = WORK.get();
            if (w.q.length < d * WIDTH) w.q = new float[d * WIDTH];
            if (w.y.length < AttentionHeads.roundUp(e) * WIDTH) w.y = new float[AttentionHeads.roundUp(e) * WIDTH];
            return w;
        }
    }

    /** Operands by head, keys and values also packed. */
    record Packed(AttentionHeads q, AttentionHeads k, AttentionHeads v, Workspace keys, Workspace values, float scale, boolean causal)
            implements AutoCloseable {
        static Packed of(AttentionOp op, Tensor[] in) {
            AttentionHeads q = new AttentionHeads(in[0], op.heads()), k = new AttentionHeads(in[1], op.heads());
            AttentionHeads v = new AttentionHeads(in[2], op.heads());
            Workspace keys = Workspace.of(k.count() * k.tokenPanels()), values = Workspace.of(k.count() * v.componentPanels());
            Parallel.run(k.count() * k.blocks(), i -> {
                int head = i / k.blocks(), block = i % k.blocks();
                k.packTokens(head, block, keys.at(head * k.tokenPanels()));
                v.packComponents(head, block, values.at(head * v.componentPanels()));
            });
            return new Packed(q, k, v, keys, values, (float) (op.scale(in) / Math.log(2)), op.causal()); // 2^x is cheaper than e^x
        }

        @Override public void close() {
            keys.close();
            values.close();
        }
    }

    @Override public Class<AttentionOp> op() { return AttentionOp.class; }

    @Override public String refuses(AttentionOp op, Tensor[] in) { return refuses(in); }

    static String refuses(Tensor[] in) {
        for (Tensor t : in) if (t.dtype() != DType.F32) return "takes F32";
        return in[1].size(1) == 0 ? "there are no keys" : null;
    }

    @Override public void run(AttentionOp op, Tensor[] in, Tensor out) {
        try (Packed p = Packed.of(op, in)) {
            AttentionHeads q = p.q, y = new AttentionHeads(out, op.heads());
            Parallel.run(q.count() * q.laneBlocks(), i -> {
                int head = i / q.laneBlocks(), query = i % q.laneBlocks() * WIDTH, count = Math.min(WIDTH, q.tokens() - query);
                y.fromLanes(attend(p, head, query, count).y, head, query, count);
            });
        }
    }

    /** The result for {@code count} queries of one head in the lanes of {@code y}, with the maximum and sum it came from. */
    static Work attend(Packed p, int head, int query, int count) {
        int d = p.q.width(), e = p.v.width(), vectors = (count + LANES - 1) / LANES;
        Work w = Work.of(d, e);
        p.q.toLanes(head, query, count, w.q);
        Arrays.fill(w.max, Float.NEGATIVE_INFINITY);
        Arrays.fill(w.sum, 0);
        int end = p.causal ? Math.min(p.k.tokens(), query + count) : p.k.tokens();
        for (int key = 0; key < end; key += BLOCK) {
            int keys = Math.min(BLOCK, end - key);
            multiply(p.keys.at(head * p.k.tokenPanels() + (long) key * d), d, vectors, keys, w.q, w.scores);
            if (p.causal && key + keys > query + 1) hide(w.scores, keys, key - query);
            for (int v = 0; v < vectors; v++) weigh(w.scores, keys, v * LANES, p.scale, w);
            if (key > 0) for (int v = 0; v < vectors; v++) scale(w.y, e, v * LANES, FloatVector.fromArray(F, w.decay, v * LANES));
            accumulate(p.values.at(head * p.v.componentPanels() + (long) key * ROWS), p.v, keys, vectors, key == 0, w.scores, w.y);
        }
        FloatVector one = FloatVector.broadcast(F, 1f);
        for (int v = 0; v < vectors; v++) scale(w.y, e, v * LANES, one.div(FloatVector.fromArray(F, w.sum, v * LANES)));
        return w;
    }

    /** {@code to[tokens][WIDTH] = A B} with A in panels of tokens and B {@code [depth][WIDTH]}. */
    static void multiply(long panels, int depth, int vectors, int tokens, float[] b, float[] to) {
        for (int i = 0; i < tokens; i += ROWS) {
            AttentionTiles.multiply(depth, vectors, panels + 4L * i * depth, b, ZEROS, 0, 0, to, i * WIDTH);
        }
    }

    /** {@code y[width][WIDTH] += A^T B}, or = if {@code first}, with A of {@code tokens} of x in panels of components, B {@code [tokens][WIDTH]}. */
    static void accumulate(long panels, AttentionHeads x, int tokens, int vectors, boolean first, float[] b, float[] y) {
        for (int i = 0; i < x.width(); i += ROWS) {
            long panel = panels + 4L * i * x.tokens();
            if (first) AttentionTiles.multiply(tokens, vectors, panel, b, ZEROS, 0, 0, y, i * WIDTH);
            else AttentionTiles.multiply(tokens, vectors, panel, b, y, i * WIDTH, WIDTH, y, i * WIDTH);
        }
    }

    /** Hides keys from the queries before them; the first key lies {@code ahead} of the first query. */
    static void hide(float[] scores, int keys, int ahead) {
        for (int i = Math.max(0, 1 - ahead); i < keys; i++) {
            Arrays.fill(scores, i * WIDTH, i * WIDTH + Math.min(WIDTH, ahead + i), Float.NEGATIVE_INFINITY);
        }
    }

    /** Scores of a vector of queries to weights relative to their new maximum; {@code decay} is what earlier weights lose by it. */
    private static void weigh(float[] scores, int count, int at, float scale, Work w) {
        FloatVector before = FloatVector.fromArray(F, w.max, at), max = max(scores, count, at, before);
        max.intoArray(w.max, at);
        before.intoArray(w.decay, at);
        powers(w.decay, 1, at, max, scale);
        FloatVector sum = powers(scores, count, at, max, scale);
        FloatVector.fromArray(F, w.sum, at).fma(FloatVector.fromArray(F, w.decay, at), sum).intoArray(w.sum, at);
    }

    /** By comparisons, since {@link FloatVector#max} orders zeros and NaNs, for five instructions more. */
    private static FloatVector max(float[] scores, int count, int at, FloatVector max) {
        int i = at;
        for (; i + 3 * WIDTH < count * WIDTH; i += 4 * WIDTH) { // in fours, not to wait for each comparison
            FloatVector a = FloatVector.fromArray(F, scores, i), b = FloatVector.fromArray(F, scores, i + WIDTH);
            FloatVector c = FloatVector.fromArray(F, scores, i + 2 * WIDTH), d = FloatVector.fromArray(F, scores, i + 3 * WIDTH);
            a = a.blend(b, b.compare(VectorOperators.GT, a));
            c = c.blend(d, d.compare(VectorOperators.GT, c));
            a = a.blend(c, c.compare(VectorOperators.GT, a));
            max = max.blend(a, a.compare(VectorOperators.GT, max));
        }
        for (; i < count * WIDTH; i += WIDTH) {
            FloatVector a = FloatVector.fromArray(F, scores, i);
            max = max.blend(a, a.compare(VectorOperators.GT, max));
        }
        return max;
    }

    /**
     * x to {@code 2^(scale (x - max))} for x not above max, and their sum; at least 2^-125.
     *
     * <p>This is {@link Vec#power}, written out: with a call here, a few runs in twenty on a busy machine stayed a quarter to a half
     * slower to their end, whatever the compiler had made of it.
     */
    static FloatVector powers(float[] x, int rows, int at, FloatVector max, float scale) {
        FloatVector factor = FloatVector.broadcast(F, scale), least = FloatVector.broadcast(F, -125 / scale);
        FloatVector round = FloatVector.broadcast(F, 0x1.8p23f), sum = FloatVector.zero(F);
        for (int i = at; i < rows * WIDTH; i += WIDTH) {
            FloatVector d = FloatVector.fromArray(F, x, i).sub(max);
            d = d.blend(least, d.compare(VectorOperators.LT, least));
            FloatVector shifted = d.fma(factor, round);
            FloatVector r = d.fma(factor, round.sub(shifted));
            FloatVector p = FloatVector.broadcast(F, 0.0013264727f);
            p = p.fma(r, FloatVector.broadcast(F, 0.009671513f));
            p = p.fma(r, FloatVector.broadcast(F, 0.055507336f));
            p = p.fma(r, FloatVector.broadcast(F, 0.24022242f));
            p = p.fma(r, FloatVector.broadcast(F, 0.693147f));
            p = p.fma(r, FloatVector.broadcast(F, 1f));
            p = p.reinterpretAsInts().add(shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23)).reinterpretAsFloats();
            p.intoArray(x, i);
            sum = sum.add(p);
        }
        return sum;
    }

    private static void scale(float[] y, int rows, int at, FloatVector factor) {
        for (int i = at; i < rows * WIDTH; i += WIDTH) FloatVector.fromArray(F, y, i).mul(factor).intoArray(y, i);
    }
}
