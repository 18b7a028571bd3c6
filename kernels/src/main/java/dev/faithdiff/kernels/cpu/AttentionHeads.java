package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.AttentionTiles.ROWS;
import static dev.faithdiff.kernels.cpu.AttentionTiles.WIDTH;
import static dev.faithdiff.kernels.cpu.Vec.MEMORY;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;

/**
 * A tensor {@code [B, tokens, heads * width]} head by head, the heads of all samples numbered through, and the forms in which
 * {@link AttentionTiles} takes one: panels of {@link AttentionTiles#ROWS} tokens or components, and tokens in lanes.
 */
record AttentionHeads(Tensor tensor, int heads) {
    /** Tokens that are packed or multiplied together. */
    static final int BLOCK = 192;

    private static final int LANE_STEP = 4; // divides every vector

    /** The gradients of q, k and v in the result of {@link AttentionOp.Grad}. */
    static AttentionHeads[] parts(Tensor out, Tensor[] in, int heads) {
        AttentionHeads[] parts = new AttentionHeads[3];
        for (int i = 0; i < 3; i++) parts[i] = new AttentionHeads(AttentionOp.Grad.part(out, in, i), heads);
        return parts;
    }

    int count() { return tensor.size(0) * heads; }

    int tokens() { return tensor.size(1); }

    int width() { return tensor.size(2) / heads; }

    /** Blocks of {@link #BLOCK} tokens. */
    int blocks() { return (tokens() + BLOCK - 1) / BLOCK; }

    /** Blocks of {@link AttentionTiles#WIDTH} tokens. */
    int laneBlocks() { return (tokens() + WIDTH - 1) / WIDTH; }

    /** Floats of one head in panels of tokens. */
    long tokenPanels() { return (long) roundUp(tokens()) * width(); }

    /** Floats of one head in panels of components. */
    long componentPanels() { return (long) roundUp(width()) * tokens(); }

    static int roundUp(int n) { return (n + ROWS - 1) / ROWS * ROWS; }

    private long at(int head, int token) {
        return tensor.address() + 4 * (((long) (head / heads) * tokens() + token) * tensor.size(2) + (long) (head % heads) * width());
    }

    private long step() { return 4L * tensor.size(2); }

    /** A block of tokens to panels of tokens, {@code [width][ROWS]} each; {@code to} is where the head's panels begin. */
    void packTokens(int head, int block, long to) {
        for (int t = block * BLOCK; t < Math.min(tokens(), (block + 1) * BLOCK); t += ROWS) {
            transpose(at(head, t), step(), Math.min(ROWS, tokens() - t), width(), to + 4L * t * width());
        }
    }

    /** A block of tokens to panels of components, {@code [tokens][ROWS]} each; {@code to} is where the head's panels begin. */
    void packComponents(int head, int block, long to) {
        int from = block * BLOCK, count = Math.min(BLOCK, tokens() - from);
        for (int i = 0; i < width(); i += ROWS) {
            gather(at(head, from) + 4L * i, step(), Math.min(ROWS, width() - i), count, to + 4L * ROWS * from + 4L * i * tokens());
        }
    }

    /** {@code count} tokens to {@code [width][WIDTH]}, one in each lane; further lanes of used vectors repeat the last. */
    void toLanes(int head, int token, int count, float[] to) {
        for (int r = 0; r < (count + Vec.LANES - 1) / Vec.LANES * Vec.LANES; r += LANE_STEP) {
            int first = Math.min(r, count - 1);
            transpose(at(head, token + first), step(), Math.min(LANE_STEP, count - first), width(), to, r);
        }
    }

    /** {@code count} lanes of {@code [width][WIDTH]} to tokens. */
    void fromLanes(float[] from, int head, int token, int count) {
        for (int r = 0; r < count; r += LANE_STEP) {
            transpose(from, r, at(head, token + r), step(), Math.min(LANE_STEP, count - r), width());
        }
    }

    /** All tokens of the heads from {@code first} on to {@code [tokens][width][LANES]}, a head in each lane; lanes beyond the last head repeat it. */
    void toHeadLanes(int first, float[] to) {
        for (int lane = 0; lane < Vec.LANES; lane += LANE_STEP) {
            long r0 = at(head(first + lane), 0), r1 = at(head(first + lane + 1), 0), r2 = at(head(first + lane + 2), 0), r3 = at(head(first + lane + 3), 0);
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

    private int head(int number) { return Math.min(number, count() - 1); }

    /** The same back; lanes beyond the last head are left out. */
    void fromHeadLanes(float[] from, int first) {
        for (int lane = 0; lane < Math.min(Vec.LANES, count() - first); lane++) {
            for (int t = 0, i = lane; t < tokens(); t++) {
                long to = at(first + lane, t);
                for (int c = 0; c < width(); c++, i += Vec.LANES) Vec.set(to + 4L * c, from[i]);
            }
        }
    }

    /** Eight or six native rows of {@code count} floats, {@code step} bytes apart, to {@code [count][ROWS]}; the last of {@code valid} rows is repeated. */
    private static void transpose(long from, long step, int valid, int count, long to) {
        long r1 = row(from, step, 1, valid), r2 = row(from, step, 2, valid), r3 = row(from, step, 3, valid), r4 = row(from, step, 4, valid);
        long r5 = row(from, step, 5, valid), r6 = row(from, step, 6, valid), r7 = row(from, step, 7, valid);
        for (long i = 0; i < 4L * count; i += 4, to += 4 * ROWS) {
            Vec.set(to, Vec.get(from + i));
            Vec.set(to + 4, Vec.get(r1 + i));
            Vec.set(to + 8, Vec.get(r2 + i));
            Vec.set(to + 12, Vec.get(r3 + i));
            Vec.set(to + 16, Vec.get(r4 + i));
            Vec.set(to + 20, Vec.get(r5 + i));
            if (ROWS == 6) continue;
            Vec.set(to + 24, Vec.get(r6 + i));
            Vec.set(to + 28, Vec.get(r7 + i));
        }
    }

    /** Four native rows to four lanes of {@code [count][WIDTH]}; the last of {@code valid} rows is repeated. */
    private static void transpose(long from, long step, int valid, int count, float[] to, int lane) {
        long r1 = row(from, step, 1, valid), r2 = row(from, step, 2, valid), r3 = row(from, step, 3, valid);
        for (int i = 0, t = lane; i < count; i++, t += WIDTH) {
            to[t] = Vec.get(from + 4L * i);
            to[t + 1] = Vec.get(r1 + 4L * i);
            to[t + 2] = Vec.get(r2 + 4L * i);
            to[t + 3] = Vec.get(r3 + 4L * i);
        }
    }

    /** The first {@code valid} of four lanes of {@code [count][WIDTH]} to native rows. */
    private static void transpose(float[] from, int lane, long to, long step, int valid, int count) {
        if (valid < LANE_STEP) {
            for (int r = 0; r < valid; r++) for (int i = 0; i < count; i++) Vec.set(to + r * step + 4L * i, from[i * WIDTH + lane + r]);
            return;
        }
        long r1 = to + step, r2 = r1 + step, r3 = r2 + step;
        for (int i = 0, f = lane; i < count; i++, f += WIDTH) {
            Vec.set(to + 4L * i, from[f]);
            Vec.set(r1 + 4L * i, from[f + 1]);
            Vec.set(r2 + 4L * i, from[f + 2]);
            Vec.set(r3 + 4L * i, from[f + 3]);
        }
    }

    /** {@code count} native rows of {@code width} floats, {@code step} bytes apart, to {@code [count][ROWS]} with zeros behind them. */
    private static void gather(long from, long step, int width, int count, long to) {
        for (int r = 0; r < count; r++, from += step, to += 4 * ROWS) {
            if (width == ROWS) {
                for (int i = 0; i < 4 * ROWS; i += 8) MEMORY.set(DType.LONG, to + i, MEMORY.get(DType.LONG, from + i));
            } else {
                for (int i = 0; i < ROWS; i++) Vec.set(to + 4 * i, i < width ? Vec.get(from + 4 * i) : 0);
            }
        }
    }

    private static long row(long from, long step, int row, int valid) { return from + Math.min(row, valid - 1) * step; }
}
