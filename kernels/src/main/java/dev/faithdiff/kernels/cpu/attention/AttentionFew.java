package dev.faithdiff.kernels.cpu.attention;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.Kernel;
import jdk.incubator.vector.FloatVector;

/**
 * Attention among a few tokens in very many heads, as in the alignment module, across a batch at each pixel. A head is a vector lane, and all values
 * of a vector of heads fit the L1 cache.
 */
public final class AttentionFew implements Kernel<AttentionOp> {
    private static final int MOST = 8, WIDEST = 64; // the most tokens, and components of a head
    private static final int GROUPS = 8;            // vectors of heads of one task

    private static final ThreadLocal<Work> WORK = ThreadLocal.withInitial(Work::new);

    /** A thread's buffers for one vector of heads: operands {@code [tokens][width][LANES]} and matrices {@code [queries][keys][LANES]}. */
    static final class Work {
        final float[] q = operand(), k = operand(), v = operand(), g = operand(), y = operand();
        final float[] weights = new float[MOST * MOST * LANES], slopes = new float[MOST * MOST * LANES];

        private static float[] operand() { return new float[MOST * WIDEST * LANES]; }
    }

    /** The work on one vector of heads, from {@code first} on. */
    interface Body {
        void run(Work w, int first);
    }

    @Override public Class<AttentionOp> op() { return AttentionOp.class; }

    @Override public String refuses(AttentionOp op, Tensor[] in) { return refusal(op, in, false); }

    /** @param grad whether the operands are those of the gradient */
    static String refusal(AttentionOp op, Tensor[] in, boolean grad) {
        for (Tensor t : in) if (t.dtype() != DType.F32) return "takes F32";
        if (in.length > (grad ? 4 : 3) || op.keyHeads() != op.heads()) return "takes neither a bias nor grouped heads";
        boolean few = in[0].size(1) <= MOST && in[1].size(1) <= MOST && in[1].size(1) > 0;
        if (op.causal() || !few) return "takes up to " + MOST + " tokens that all see each other";
        return Math.max(in[0].size(2), in[2].size(2)) > WIDEST * op.heads() ? "takes heads of up to " + WIDEST + " components" : null;
    }

    @Override public void run(AttentionOp op, Tensor[] in, Tensor out) {
        AttentionHeads v = new AttentionHeads(in[2], op.heads()), y = new AttentionHeads(out, op.heads());
        groups(y.count(), (w, first) -> {
            weigh(op, in, w, first);
            v.toHeadLanes(first, w.v);
            combine(w.weights, v.tokens(), 1, w.v, v.tokens(), v.width(), w.y, y.tokens());
            y.fromHeadLanes(w.y, first);
        });
    }

    static void groups(int heads, Body body) {
        int step = GROUPS * LANES;
        Parallel.run(Math.ceilDiv(heads, step), task -> {
            for (int first = task * step; first < Math.min(heads, (task + 1) * step); first += LANES) body.run(WORK.get(), first);
        });
    }

    /** Loads queries and keys and computes the probabilities. */
    static void weigh(AttentionOp op, Tensor[] in, Work w, int first) {
        AttentionHeads q = new AttentionHeads(in[0], op.heads()), k = new AttentionHeads(in[1], op.heads());
        q.toHeadLanes(first, w.q);
        k.toHeadLanes(first, w.k);
        products(w.q, q.tokens(), w.k, k.tokens(), q.width(), w.weights);
        for (int t = 0; t < q.tokens(); t++) softmax(w.weights, t * k.tokens() * LANES, k.tokens(), (float) op.scale(in));
    }

    /** to[t][s] = a[t] . b[s]. */
    static void products(float[] a, int rows, float[] b, int columns, int width, float[] to) {
        int step = width * LANES;
        for (int t = 0; t < rows; t++) {
            for (int s = 0; s < columns; s++) product(a, t * step, b, s * step, step, to, (t * columns + s) * LANES);
        }
    }

    private static void product(float[] a, int i, float[] b, int j, int count, float[] to, int at) {
        FloatVector even = FloatVector.zero(F), odd = FloatVector.zero(F);
        int n = 0;
        for (; n <= count - 2 * LANES; n += 2 * LANES) {
            even = FloatVector.fromArray(F, a, i + n).fma(FloatVector.fromArray(F, b, j + n), even);
            odd = FloatVector.fromArray(F, a, i + n + LANES).fma(FloatVector.fromArray(F, b, j + n + LANES), odd);
        }
        if (n < count) even = FloatVector.fromArray(F, a, i + n).fma(FloatVector.fromArray(F, b, j + n), even);
        even.add(odd).intoArray(to, at);
    }

    private static void softmax(float[] x, int at, int count, float scale) {
        FloatVector max = FloatVector.fromArray(F, x, at), sum = FloatVector.zero(F);
        for (int s = 1; s < count; s++) max = max.max(FloatVector.fromArray(F, x, at + s * LANES));
        for (int s = at; s < at + count * LANES; s += LANES) {
            FloatVector e = Vec.exp(FloatVector.fromArray(F, x, s).sub(max).mul(scale));
            e.intoArray(x, s);
            sum = sum.add(e);
        }
        for (int s = at; s < at + count * LANES; s += LANES) FloatVector.fromArray(F, x, s).div(sum).intoArray(x, s);
    }

    /** to[t] = the sum of x[s] times the weight at t * row + s * column. */
    static void combine(float[] weights, int row, int column, float[] x, int terms, int width, float[] to, int rows) {
        int step = width * LANES;
        for (int t = 0; t < rows; t++) {
            for (int i = 0; i < step; i += LANES) combine(weights, t * row * LANES, column * LANES, x, i, step, terms, to, t * step + i);
        }
    }

    private static void combine(float[] weights, int w, int column, float[] x, int at, int step, int terms, float[] to, int out) {
        FloatVector sum = FloatVector.fromArray(F, weights, w).mul(FloatVector.fromArray(F, x, at));
        for (int s = 1; s < terms; s++) {
            sum = FloatVector.fromArray(F, weights, w + s * column).fma(FloatVector.fromArray(F, x, at + s * step), sum);
        }
        sum.intoArray(to, out);
    }
}
