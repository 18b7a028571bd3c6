package dev.faithdiff.kernels.cpu;

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
    private static final int KEYS = 128;                     // scores of a block of keys, 24 KiB, stay in the first cache
    private static final float[] ZEROS = new float[WIDTH];
    private static final ThreadLocal<Work> WORK = ThreadLocal.withInitial(Work::new);

    /** What a thread needs for a block of queries, all transposed: one row for a component or key, one lane for a query. */
    private static final class Work {
        private final float[] scores = new float[KEYS * WIDTH];
        private final float[] max = new float[WIDTH], sum = new float[WIDTH], decay = new float[WIDTH];
        private float[] q = {}, y = {};

        Work fit(int d, int e) {
            if (q.length < d * WIDTH) q = new float[d * WIDTH];
            if (y.length < e * WIDTH) y = new float[e * WIDTH];
            return this;
        }
    }

    /** The sizes of a case: batch and heads together, queries, keys, and the head widths of q and v. */
    private record Sizes(int heads, int queries, int keys, int d, int e, boolean causal) {
        int panels() { return (keys + ROWS - 1) / ROWS; }

        int valuePanels() { return (e + ROWS - 1) / ROWS; }

        /** Floats of one packed head of keys. */
        long keyFloats() { return (long) panels() * ROWS * d; }

        /** Floats of one packed head of values. */
        long valueFloats() { return (long) valuePanels() * ROWS * keys; }

        /** Address of a token's part of a head (numbered through the batch) in a tensor {@code [B, tokens, heads * width]}. */
        long at(Tensor t, int head, int token, int width) {
            long row = (long) (head / heads) * t.size(1) + token;
            return t.address() + 4 * (row * t.size(2) + (long) (head % heads) * width);
        }
    }

    @Override public Class<AttentionOp> op() { return AttentionOp.class; }

    @Override public String refuses(AttentionOp op, Tensor[] in) {
        for (Tensor t : in) if (t.dtype() != DType.F32) return "takes F32";
        return in[1].size(1) == 0 ? "there are no keys" : null;
    }

    @Override public void run(AttentionOp op, Tensor[] in, Tensor out) {
        Sizes s = new Sizes(op.heads(), in[0].size(1), in[1].size(1), in[0].size(2) / op.heads(), in[2].size(2) / op.heads(), op.causal());
        int heads = in[0].size(0) * op.heads(), blocks = (s.queries + WIDTH - 1) / WIDTH, chunks = (s.keys + KEYS - 1) / KEYS;
        float scale = (float) (op.scale(in) / Math.log(2)); // powers of two are cheaper than of e
        try (Workspace keys = Workspace.of(heads * s.keyFloats()); Workspace values = Workspace.of(heads * s.valueFloats())) {
            Parallel.run(heads * chunks, i -> {
                packKeys(s, in[1], i / chunks, i % chunks * KEYS, keys.at(i / chunks * s.keyFloats()));
                packValues(s, in[2], i / chunks, i % chunks * KEYS, values.at(i / chunks * s.valueFloats()));
            });
            Parallel.run(heads * blocks, i -> {
                int head = i / blocks;
                attend(s, in[0], head, i % blocks * WIDTH, keys.at(head * s.keyFloats()), values.at(head * s.valueFloats()), scale, out);
            });
        }
    }

    /** Panels of eight keys, {@code [d][8]} each; the last repeats its last key. */
    private static void packKeys(Sizes s, Tensor k, int head, int from, long to) {
        long step = 4L * k.size(2);
        for (int key = from; key < Math.min(from + KEYS, s.keys); key += ROWS) {
            AttentionTiles.transpose(s.at(k, head, key, s.d), step, Math.min(ROWS, s.keys - key), s.d, to + 4L * key * s.d);
        }
    }

    /** Panels of eight components of all values, {@code [keys][8]} each, the last filled up with zeros. */
    private static void packValues(Sizes s, Tensor v, int head, int from, long to) {
        int count = Math.min(KEYS, s.keys - from);
        for (int i = 0; i < s.e; i += ROWS) {
            long row = s.at(v, head, from, s.e) + 4L * i, panel = to + 4L * ROWS * from + 4L * i * s.keys;
            AttentionTiles.gather(row, 4L * v.size(2), Math.min(ROWS, s.e - i), count, panel);
        }
    }

    /** The result for one block of queries of one head. */
    private static void attend(Sizes s, Tensor q, int head, int query, long keys, long values, float scale, Tensor out) {
        Work w = WORK.get().fit(s.d, s.valuePanels() * ROWS);
        int rows = Math.min(WIDTH, s.queries - query), vectors = (rows + LANES - 1) / LANES;
        for (int r = 0; r < vectors * LANES; r += ROWS) {
            int last = rows - 1 - Math.min(r, rows - 1);
            AttentionTiles.transpose(s.at(q, head, query + Math.min(r, rows - 1), s.d), 4L * q.size(2), last + 1, s.d, w.q, r);
        }
        Arrays.fill(w.max, Float.NEGATIVE_INFINITY);
        Arrays.fill(w.sum, 0);
        int end = s.causal ? Math.min(s.keys, query + rows) : s.keys;
        for (int key = 0; key < end; key += KEYS) {
            int count = Math.min(KEYS, end - key);
            score(s.d, vectors, keys + 4L * key * s.d, count, w);
            if (s.causal && key + count > query + 1) hide(w.scores, count, key - query);
            for (int v = 0; v < vectors; v++) weigh(w.scores, count, v * LANES, scale, w);
            if (key > 0) decay(w.y, s.e, vectors, w.decay);
            accumulate(s, vectors, values + 4L * key * ROWS, count, key == 0, w);
        }
        normalize(w.y, s.e, vectors, w.sum);
        for (int r = 0; r < rows; r += ROWS) {
            AttentionTiles.transpose(w.y, r, s.at(out, head, query + r, s.e), 4L * out.size(2), Math.min(ROWS, rows - r), s.e);
        }
    }

    /** scores = K Q^T. */
    private static void score(int d, int vectors, long keys, int count, Work w) {
        for (int i = 0; i < count; i += ROWS) {
            AttentionTiles.multiply(d, vectors, keys + 4L * i * d, w.q, ZEROS, 0, 0, w.scores, i * WIDTH);
        }
    }

    /** y = y + V^T P. */
    private static void accumulate(Sizes s, int vectors, long values, int count, boolean first, Work w) {
        for (int i = 0; i < s.e; i += ROWS) {
            long panel = values + 4L * i * s.keys;
            if (first) AttentionTiles.multiply(count, vectors, panel, w.scores, ZEROS, 0, 0, w.y, i * WIDTH);
            else AttentionTiles.multiply(count, vectors, panel, w.scores, w.y, i * WIDTH, WIDTH, w.y, i * WIDTH);
        }
    }

    /** Hides key i from the queries before it; key 0 lies {@code ahead} of query 0. */
    private static void hide(float[] scores, int count, int ahead) {
        for (int i = Math.max(0, 1 - ahead); i < count; i++) {
            Arrays.fill(scores, i * WIDTH, i * WIDTH + Math.min(WIDTH, ahead + i), Float.NEGATIVE_INFINITY);
        }
    }

    /** Scores of a vector of queries to weights relative to their new maximum; {@code decay} is what earlier weights lose by it. */
    private static void weigh(float[] scores, int count, int at, float scale, Work w) {
        FloatVector before = FloatVector.fromArray(F, w.max, at);
        FloatVector max = max(scores, count, at, before);
        FloatVector decay = power(before.sub(max), scale);
        max.intoArray(w.max, at);
        decay.intoArray(w.decay, at);
        FloatVector sum = FloatVector.fromArray(F, w.sum, at).mul(decay);
        for (int i = at; i < count * WIDTH; i += WIDTH) {
            FloatVector p = power(FloatVector.fromArray(F, scores, i).sub(max), scale);
            p.intoArray(scores, i);
            sum = sum.add(p);
        }
        sum.intoArray(w.sum, at);
    }

    private static FloatVector max(float[] scores, int count, int at, FloatVector max) {
        int i = at;
        for (; i + 3 * WIDTH < count * WIDTH; i += 4 * WIDTH) { // in fours, not to wait for each comparison
            FloatVector a = max(FloatVector.fromArray(F, scores, i), FloatVector.fromArray(F, scores, i + WIDTH));
            FloatVector b = max(FloatVector.fromArray(F, scores, i + 2 * WIDTH), FloatVector.fromArray(F, scores, i + 3 * WIDTH));
            max = max(max, max(a, b));
        }
        for (; i < count * WIDTH; i += WIDTH) max = max(max, FloatVector.fromArray(F, scores, i));
        return max;
    }

    /** {@link FloatVector#max} orders zeros and NaNs, for five instructions more. */
    private static FloatVector max(FloatVector a, FloatVector b) { return a.blend(b, b.compare(VectorOperators.GT, a)); }

    /** {@code 2^(scale x)} for x not above 0, and at least 2^-125. */
    private static FloatVector power(FloatVector x, float scale) {
        return Vec.power(max(x, FloatVector.broadcast(F, -125 / scale)), FloatVector.broadcast(F, scale));
    }

    private static void decay(float[] y, int rows, int vectors, float[] decay) {
        for (int v = 0; v < vectors; v++) scale(y, rows, v * LANES, FloatVector.fromArray(F, decay, v * LANES));
    }

    private static void normalize(float[] y, int rows, int vectors, float[] sum) {
        FloatVector one = FloatVector.broadcast(F, 1f);
        for (int v = 0; v < vectors; v++) scale(y, rows, v * LANES, one.div(FloatVector.fromArray(F, sum, v * LANES)));
    }

    private static void scale(float[] y, int rows, int at, FloatVector factor) {
        for (int i = at; i < rows * WIDTH; i += WIDTH) FloatVector.fromArray(F, y, i).mul(factor).intoArray(y, i);
    }
}
