package dev.faithdiff.kernels.cpu.attention;

import static dev.faithdiff.kernels.cpu.gemm.Panels.BLOCK;
import static dev.faithdiff.kernels.cpu.gemm.Panels.SUMS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.gemm.Factors;
import dev.faithdiff.kernels.cpu.gemm.GemmBlocks;
import dev.faithdiff.kernels.cpu.gemm.Matrix;
import dev.faithdiff.kernels.cpu.gemm.PanelLoops;
import dev.faithdiff.kernels.cpu.gemm.Panels;
import dev.faithdiff.kernels.cpu.gemm.Rows;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;

/** A tensor {@code [B, tokens, heads * width]} head by head; heads are numbered over all samples. */
record AttentionHeads(Tensor tensor, int heads) {
    private static final int LANE_STEP = 4; // divides the lanes of every vector

    /** The gradients of q, k and v in the result of {@link AttentionOp.Grad}. */
    static AttentionHeads[] parts(Tensor out, Tensor[] in, AttentionOp op) {
        AttentionHeads[] parts = new AttentionHeads[3];
        for (int i = 0; i < 3; i++) parts[i] = new AttentionHeads(AttentionOp.Grad.part(out, in, i), i == 0 ? op.heads() : op.keyHeads());
        return parts;
    }

    int count() { return tensor.size(0) * heads; }

    int tokens() { return tensor.size(1); }

    int width() { return tensor.size(2) / heads; }

    /** The matrix of one head. */
    Matrix matrix(int head) { return new Matrix(at(head, 0), tensor.dtype(), tokens(), width(), tensor.size(2)); }

    /** Tokens of a block: as few blocks of at most {@link Panels#BLOCK} as possible, in whole tiles. */
    int blockRows() { return Panels.roundUp(GemmBlocks.evenly(tokens(), BLOCK)); }

    /** Blocks of {@link #blockRows} tokens of a head. */
    int blocks() { return Math.ceilDiv(tokens(), blockRows()); }

    /** Tokens of the block that begins at {@code first}. */
    int rows(int first) { return Math.min(blockRows(), tokens() - first); }

    /** Packs a block of rows in the layout of {@link Panels} and returns their number. */
    int pack(Factors f, int head, int first, float[] to) {
        int rows = rows(first);
        f.rows(Rows.of(matrix(head)), width()).pack(first, rows, 0, f.depth(width()), to);
        Panels.padRows(to, rows, f.depth(width()));
        return rows;
    }

    /** Stores sums {@code [panel][row][WIDTH]} as the rows of a head from {@code first} on. */
    void store(float[] sums, int head, int first, int rows) {
        Matrix to = matrix(head);
        for (int c = 0, at = 0; c < width(); c += WIDTH, at += SUMS) {
            PanelLoops.FASTEST.store(sums, at, rows, Math.min(WIDTH, width() - c), null, 0, false, to.at(first, c), to.stride());
        }
    }

    /** Copies the heads from {@code first} on to {@code [tokens][width][LANES]}, a head in each lane; lanes beyond the last head repeat it. */
    void toHeadLanes(int first, float[] to) {
        for (int lane = 0; lane < Vec.LANES; lane += LANE_STEP) {
            long r0 = at(head(first + lane), 0);
            long r1 = at(head(first + lane + 1), 0);
            long r2 = at(head(first + lane + 2), 0);
            long r3 = at(head(first + lane + 3), 0);
            for (int t = 0, i = lane; t < tokens(); t++) {
                for (long from = t * step(), end = from + 4L * width(); from < end; from += 4, i += Vec.LANES) {
                    to[i] = Vec.get(r0 + from);
                    to[i + 1] = Vec.get(r1 + from);
                    to[i + 2] = Vec.get(r2 + from);
                    to[i + 3] = Vec.get(r3 + from);
                }
            }
        }
    }

    /** The inverse of {@link #toHeadLanes}; lanes beyond the last head are ignored. */
    void fromHeadLanes(float[] from, int first) {
        for (int lane = 0; lane < Math.min(Vec.LANES, count() - first); lane++) {
            for (int t = 0, i = lane; t < tokens(); t++) {
                long to = at(first + lane, t);
                for (int c = 0; c < width(); c++, i += Vec.LANES) Vec.set(to + 4L * c, from[i]);
            }
        }
    }

    private int head(int number) { return Math.min(number, count() - 1); }

    private long at(int head, int token) {
        return tensor.address() + 4 * (((long) (head / heads) * tokens() + token) * tensor.size(2) + (long) (head % heads) * width());
    }

    private long step() { return 4L * tensor.size(2); }
}
