package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.gemm.Panels.ROWS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Scratch;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.Workspace;
import dev.faithdiff.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * C[M, N] = A^T B, or C^T if {@code transposed}, for operands that are stored row by row along the inner dimension K, as for a weight's gradient: K
 * is the number of pixels or tokens of a batch, much larger than the number of channels.
 *
 * <p>Neither operand is transposed: the micro-kernel reads columns of a block of A. If C is too small for all threads, K is split, into a number of
 * parts that does not depend on the number of threads, and the products are added in order.
 *
 * @param a K rows of M numbers
 * @param b K rows of N numbers
 * @param c F32 [M, N], or [N, M] if transposed
 */
public record GemmColumns(int k, Rows a, int m, Rows b, int n, boolean transposed, Matrix c) {
    private static final int HEIGHT = 288, COLUMNS = 320; // the most of C for one task, so that its A and B fit the L2 cache
    private static final int DEPTH = 192;                 // rows of K at a time
    private static final int TASKS = 16, LEAST = 512;     // tasks to split K for, and the fewest rows of K of a split
    private static final int TRANSPOSE = 32;              // cost of transposing C, as a number of rows of K

    private static final int SUMS = HEIGHT * WIDTH + WIDTH; // floats from panel to panel of sums, so that they do not all fall into one cache set

    /** A thread's buffers: blocks of both operands as they are stored, B in panels, and the sums of its part of C, panel by panel. */
    private record Scratch(float[] a, float[] rows, MemorySegment b, float[] sums) {}

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(
            () -> new Scratch(new float[DEPTH * STRIDE], new float[DEPTH * STRIDE], Arena.ofAuto().allocate(4L * DEPTH * COLUMNS, 64),
                    new float[COLUMNS / WIDTH * SUMS]));

    /** The cost of a product, in multiply-adds with padding. */
    public static long cost(int k, int m, int n, boolean transposed) {
        return (k + (transposed ? TRANSPOSE : 0L)) * Panels.roundUp(m) * PackedB.panels(n) * WIDTH;
    }

    /** Computes C on all threads. */
    public void run() {
        int height = evenly(m, HEIGHT, ROWS), width = evenly(n, COLUMNS, WIDTH);
        int down = Math.ceilDiv(m, height), across = Math.ceilDiv(n, width), blocks = down * across;
        int wanted = Math.clamp(Math.min(Math.ceilDiv(TASKS, blocks), k / LEAST), 1, TASKS);
        int step = Math.ceilDiv(k, wanted), splits = Math.ceilDiv(k, step);
        long size = (long) m * n;
        try (Workspace partial = Workspace.of((splits - 1) * size)) {
            Parallel.run(splits * blocks, task -> {
                int split = task / blocks;
                int row = task % blocks / across * height;
                int column = task % across * width;
                Matrix to = split == 0 ? c : new Matrix(partial.at((split - 1) * size), DType.F32, c.rows(), c.columns(), c.columns());
                block(row, Math.min(height, m - row), column, Math.min(width, n - column), split * step, Math.min(k, (split + 1) * step), to);
            });
            if (splits == 1) return;
            Chunks.rows(c.rows(), (long) splits * c.columns(), (first, rows) -> {
                for (int r = (int) first; r < first + rows; r++) {
                    add(partial.at((long) r * c.columns()), 4 * size, splits - 1, c.at(r, 0), c.columns());
                }
            });
        }
    }

    private void block(int row, int height, int column, int width, int from, int end, Matrix to) {
        Scratch scratch = SCRATCH.get();
        int step = evenly(end - from, DEPTH, 1);
        for (int at = from; at < end; at += step) {
            int depth = Math.min(step, end - at);
            a.pack(at, depth, row, height, scratch.a);
            b.pack(at, depth, column, width, scratch.rows);
            for (int i = 0; i < width; i += WIDTH) PackB.copy(scratch.rows, i, Math.min(WIDTH, width - i), depth, panel(scratch, i, depth));
            multiply(scratch, depth, height, width, at > from);
        }
        for (int i = 0; i < width; i += WIDTH) {
            int columns = Math.min(WIDTH, width - i);
            long at = transposed ? to.at(column + i, row) : to.at(row, column + i);
            if (transposed) PanelLoops.FASTEST.storeTransposed(scratch.sums, sums(i), height, columns, null, 0, false, at, to.stride());
            else PanelLoops.FASTEST.store(scratch.sums, sums(i), height, columns, null, 0, false, at, to.stride());
        }
    }

    private static void multiply(Scratch scratch, int depth, int height, int width, boolean add) {
        for (int r = 0; r < height; r += ROWS) {
            for (int i = 0; i < width; i += WIDTH) {
                Panels.tileTransposed(depth, scratch.a, r, panel(scratch, i, depth), add, scratch.sums, sums(i) + r * WIDTH);
            }
        }
    }

    /** Index of the sums of a panel. */
    private static int sums(int column) { return column / WIDTH * SUMS; }

    private static long panel(Scratch scratch, int column, int depth) { return scratch.b.address() + 4L * column * depth; }

    /** Adds {@code count} rows, {@code step} bytes apart, to one row. */
    private static void add(long from, long step, int count, long to, int n) {
        int i = 0;
        for (; i <= n - Vec.LANES; i += Vec.LANES) {
            FloatVector sum = Vec.load(to + 4L * i);
            for (int r = 0; r < count; r++) sum = sum.add(Vec.load(from + r * step + 4L * i));
            Vec.store(sum, to + 4L * i);
        }
        for (; i < n; i++) {
            float sum = Vec.get(to + 4L * i);
            for (int r = 0; r < count; r++) sum += Vec.get(from + r * step + 4L * i);
            Vec.set(to + 4L * i, sum);
        }
    }

    /** The size of parts if {@code size} is divided evenly into as few parts of at most {@code limit} as possible, in whole units. */
    private static int evenly(int size, int limit, int unit) {
        int parts = Math.ceilDiv(size, limit);
        return Math.ceilDiv(Math.ceilDiv(size, parts), unit) * unit;
    }
}
