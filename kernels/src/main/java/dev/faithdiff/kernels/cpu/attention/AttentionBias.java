package dev.faithdiff.kernels.cpu.attention;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.gemm.Panels.SUMS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;
import jdk.incubator.vector.FloatVector;

/**
 * A bias {@code [1 or B, 1 or heads, 1 or T, S]} that is added to attention's scores. {@link PackedHeads} computes the scores unscaled, so the bias
 * is divided by their scale.
 *
 * @param heads    number of query heads
 * @param unscaled 1 over the scale of the scores
 */
record AttentionBias(Tensor tensor, int heads, float unscaled) {
    /** Null if there is no tensor. */
    static AttentionBias of(AttentionOp op, Tensor[] in, Tensor bias) {
        return bias == null ? null : new AttentionBias(bias, op.heads(), (float) (1 / op.scale(in)));
    }

    /** Address of the bias of a key for a query of a head; heads are numbered over all samples. */
    private long at(int head, int query, int key) {
        return tensor.address() + 4 * (AttentionOp.biasRow(tensor.shape(), head / heads, head % heads, query) + key);
    }

    /** Adds the bias to a row of scores: one query with keys from..from+count. */
    void addToQuery(float[] scores, int row, int head, int query, int from, int count) {
        long bias = at(head, query, from);
        int i = 0;
        for (; (i + 1) * LANES <= count; i++) {
            int at = PackedHeads.vector(row, i);
            Vec.load(bias + 4L * i * LANES).fma(FloatVector.broadcast(F, unscaled), FloatVector.fromArray(F, scores, at)).intoArray(scores, at);
        }
        for (int c = i * LANES; c < count; c++) scores[index(row, c)] = Math.fma(Vec.get(bias + 4L * c), unscaled, scores[index(row, c)]);
    }

    /** Adds the bias to a block of scores: rows of keys from {@code key} on, with queries from..from+count. */
    void addToKeys(float[] scores, int rows, int head, int key, int from, int count) {
        for (int c = 0; c < count; c++) {
            long bias = at(head, from + c, key);
            for (int r = 0; r < rows; r++) scores[index(r, c)] = Math.fma(Vec.get(bias + 4L * r), unscaled, scores[index(r, c)]);
        }
    }

    /** Adds {@code from}, the gradients of a query's scores with keys key..key+count, times {@code 1 / scale}, to the gradient of the bias. */
    void addGradient(Tensor to, float[] from, int at, int head, int query, int key, int count) {
        long grad = at(head, query, key) - tensor.address() + to.address();
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            Vec.store(FloatVector.fromArray(F, from, at + i).fma(FloatVector.broadcast(F, unscaled), Vec.load(grad + 4L * i)), grad + 4L * i);
        }
        for (; i < count; i++) Vec.set(grad + 4L * i, Math.fma(from[at + i], unscaled, Vec.get(grad + 4L * i)));
    }

    /** Index of a column of a row of scores. */
    private static int index(int row, int column) { return column / WIDTH * SUMS + row * WIDTH + column % WIDTH; }
}
