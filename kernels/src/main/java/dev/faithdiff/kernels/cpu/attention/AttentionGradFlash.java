package dev.faithdiff.kernels.cpu.attention;

import static dev.faithdiff.kernels.cpu.gemm.Factors.F32;
import static dev.faithdiff.kernels.cpu.attention.PackedHeads.STEP;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.SUMS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.attention.AttentionSlopes.Queries;
import dev.faithdiff.kernels.cpu.attention.AttentionSlopes.Work;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.Kernel;
import java.util.Arrays;

/**
 * Gradients of attention without a stored score matrix. {@link AttentionFlash} runs again for each query's maximum, sum and {@code g . y}. Then each
 * block of queries goes over the keys for q's gradient, and each block of keys over the queries for the gradients of k and v. If the gradient of the
 * bias is wanted, its blocks of queries go over the keys once more.
 */
public final class AttentionGradFlash implements Kernel<AttentionOp.Grad> {
    @Override public Class<AttentionOp.Grad> op() { return AttentionOp.Grad.class; }

    @Override public String refuses(AttentionOp.Grad op, Tensor[] in) { return AttentionFlash.refusal(op.of(), in); }

    @Override public void run(AttentionOp.Grad op, Tensor[] in, Tensor out) {
        AttentionOp of = op.of();
        AttentionHeads q = new AttentionHeads(in[0], of.heads()), g = new AttentionHeads(in[3], of.heads());
        AttentionHeads k = new AttentionHeads(in[1], of.keyHeads()), v = new AttentionHeads(in[2], of.keyHeads());
        AttentionHeads[] to = AttentionHeads.parts(out, in, of);
        AttentionBias bias = AttentionBias.of(of, in, in.length > 4 ? in[4] : null);
        Queries numbers = queries(of, in, g, bias);
        double scale = of.scale(in);
        try (AttentionSlopes queries = AttentionSlopes.ofQueries(of, q, g, k, v, numbers, scale, bias);
                AttentionSlopes keys = AttentionSlopes.ofKeys(of, q, g, k, v, numbers, scale, bias)) {
            Parallel.run(queries.tasks() + keys.tasks(), i -> {
                boolean first = i < queries.tasks();
                AttentionSlopes s = first ? queries : keys;
                int task = first ? i : i - queries.tasks();
                int head = task / s.x().blocks();
                int row = task % s.x().blocks() * s.x().blockRows();
                int rows = s.x().rows(row);
                Work w = sum(s, head, row);
                to[first ? 0 : 1].store(w.sums, head, row, rows);
                if (!first) to[2].store(w.sumsG, head, row, rows);
            });
            if (op.bias()) sumBias(queries, AttentionOp.Grad.part(out, in, 3));
        }
    }

    private static Queries queries(AttentionOp op, Tensor[] in, AttentionHeads g, AttentionBias bias) {
        Queries numbers = Queries.of(g);
        try (AttentionFlash.Packed p = AttentionFlash.Packed.of(F32, op, in, bias)) {
            Parallel.run(g.count() * g.blocks(), i -> {
                int head = i / g.blocks(), query = i % g.blocks() * g.blockRows();
                AttentionFlash.Work w = AttentionFlash.attend(p, head, query);
                float[] rows = Work.of(0, 0).g;
                int count = g.pack(F32, head, query, rows);
                for (int r = 0; r < count; r++) {
                    int at = head * numbers.step() + query + r;
                    numbers.max()[at] = Vec.get(w.max + 4L * r);
                    numbers.share()[at] = Vec.get(w.factors + 4L * r);
                    numbers.dot()[at] = dot(rows, w.y, r, g.width());
                }
            });
        }
        return numbers;
    }

    /** g . y, rounded as the slopes are, so that a query with one key gets a gradient of exactly zero. */
    private static float dot(float[] rows, float[] y, int row, int count) {
        float sum = 0;
        for (int i = 0; i < count; i++) sum = Math.fma(rows[row * STRIDE + i], y[i / WIDTH * SUMS + row * WIDTH + i % WIDTH], sum);
        return sum;
    }

    /** The gradients of a block of rows of one head from {@code row} on. */
    private static Work sum(AttentionSlopes s, int head, int row) {
        Work w = Work.of(s.x().width(), s.g().width());
        int rows = s.pack(w, head, row), first = s.first(row), end = s.end(row, rows), group = s.op().group();
        if (first >= end) { // no query sees these keys
            Arrays.fill(w.sums, 0);
            Arrays.fill(w.sumsG, 0);
        }
        int across = s.queryRows() ? head / group : head * group, last = s.queryRows() ? across : across + group - 1;
        for (boolean add = false; across <= last; across++) {
            for (int from = first; from < end; from += STEP, add = true) {
                int count = Math.min(STEP, end - from);
                s.compute(w, head, across, row, rows, from, count);
                s.terms().sums(across, rows, w.slopes, from, count, add, w.sums);
                if (!s.queryRows()) s.termsG().sums(across, rows, w.weights, from, count, add, w.sumsG);
            }
        }
        return w;
    }

    /** The gradient of the bias: each of its rows is the sum of the slopes of all queries that use it. */
    private static void sumBias(AttentionSlopes s, Tensor to) {
        Tensor bias = s.bias().tensor();
        int own = bias.size(2) == 1 ? 1 : s.x().blocks();
        int heads = s.op().heads();
        int batch = s.x().count() / heads;
        Copy.zero(to.address(), to.bytes());
        Parallel.run(bias.size(0) * bias.size(1) * own, task -> {
            int b = task / own / bias.size(1), h = task / own % bias.size(1);
            for (int i = bias.size(0) == 1 ? 0 : b; i < (bias.size(0) == 1 ? batch : b + 1); i++) {
                for (int j = bias.size(1) == 1 ? 0 : h; j < (bias.size(1) == 1 ? heads : h + 1); j++) {
                    for (int block = own == 1 ? 0 : task % own; block < (own == 1 ? s.x().blocks() : task % own + 1); block++) {
                        addBias(s, i * heads + j, block * s.x().blockRows(), to);
                    }
                }
            }
        });
    }

    private static void addBias(AttentionSlopes s, int head, int row, Tensor to) {
        Work w = Work.of(0, 0);
        int rows = s.pack(w, head, row), end = s.end(row, rows);
        for (int from = 0; from < end; from += STEP) {
            int count = Math.min(STEP, end - from);
            s.compute(w, head, head / s.op().group(), row, rows, from, count);
            for (int r = 0; r < rows; r++) s.bias().addGradient(to, w.slopes, r * STRIDE, head, row + r, from, count);
        }
    }
}
