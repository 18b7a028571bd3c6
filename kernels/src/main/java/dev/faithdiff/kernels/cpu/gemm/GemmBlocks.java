package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.gemm.Panels.BLOCK;
import static dev.faithdiff.kernels.cpu.gemm.Panels.DEPTH;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.SUMS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Scratch;
import java.util.Arrays;

/**
 * Rows times a packed operand, on all threads. The product is stored to C from column {@code column} on or, if {@code transposed}, as C^T: its rows
 * become columns of C.
 *
 * <p>A task is a block of rows by some panels. It goes along K in steps of at most {@link Panels#DEPTH}: it packs a chunk of the rows into the L2
 * cache, where the micro-kernel cannot read them as they lie, then runs the micro-kernel on it for each panel. The sums stay in the cache until they are complete. Their order does not depend on the
 * number of threads.
 */
public record GemmBlocks(Rows rows, int count, PackedB b, int column, boolean transposed, float[] bias, Matrix c, boolean accumulate,
        MicroKernel kernel, Finish finish) {
    /** What makes floats of the complete sums of a block, in place. */
    interface Finish {
        /** Where they are floats already. */
        Finish NONE = (_, _, _, _, _) -> {};

        /** @param column of the whole operand: the first of a panel */
        void apply(float[] sums, int at, int row, int rows, int column);
    }

    private static final int GROUP = 512 / WIDTH;             // panels whose sums are held at a time: 192 KiB for 96 rows
    private static final int TASKS = 8 * Parallel.threads();  // enough for threads to end at about the same time
    private static final int HALVED = 2 * Parallel.threads(); // blocks that are halved at the end, if there are many

    /** A thread's packed rows and sums. */
    private record Scratch(float[] a, float[] sums) {}

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(
            () -> new Scratch(new float[BLOCK * STRIDE], new float[GROUP * SUMS]));

    void run() {
        int[] starts = starts();
        int blocks = starts.length - 1;
        int panels = b.panels();
        int splits = Math.min(panels, Math.ceilDiv(TASKS, blocks));
        Parallel.run(blocks * splits, task -> {
            int row = starts[task / splits], split = task % splits;
            block(row, starts[task / splits + 1] - row, panels * split / splits, panels * (split + 1) / splits);
        });
    }

    /** The first row of each block, and the end. If there are many blocks, the last are halved, so that threads end at about the same time. */
    private int[] starts() {
        int[] starts = new int[2 * Math.ceilDiv(count, BLOCK) + 1];
        int blocks = 0, halves = count > TASKS * BLOCK ? count - HALVED * BLOCK : count;
        for (int row = 0; row < count; row += row < halves ? BLOCK : BLOCK / 2) starts[blocks++] = row;
        starts[blocks] = count;
        return Arrays.copyOf(starts, blocks + 1);
    }

    private void block(int row, int height, int from, int to) {
        Scratch scratch = SCRATCH.get();
        Matrix in = kernel.unpackedRows() > 0 && height % kernel.unpackedRows() == 0 ? rows.unpacked() : null;
        int step = evenly(b.k(), DEPTH);
        boolean whole = step == b.k(); // then each panel can be stored while it is in the cache
        int group = whole ? 1 : evenly(to - from, GROUP);
        if (whole && in == null) pack(row, height, 0, step, scratch.a);
        for (int first = from, end; first < to; first = end) {
            end = Math.min(to, first + group);
            for (int k = 0; k < b.k(); k += step) {
                int depth = Math.min(step, b.k() - k);
                if (!whole && in == null) pack(row, height, k, depth, scratch.a);
                for (int p = first; p < end; p++) {
                    int at = (p - first) * SUMS;
                    if (in == null) Panels.multiply(kernel, height, depth, scratch.a, b.at(p, k), k > 0, scratch.sums, at);
                    else Panels.unpacked(kernel, height, depth, in.at(row, k), 4 * in.stride(), b.at(p, k), k > 0, scratch.sums, at);
                }
            }
            for (int p = first; p < end; p++) store(row, height, p, scratch.sums, (p - first) * SUMS);
        }
    }

    private void pack(int row, int height, int k, int depth, float[] a) {
        rows.pack(row, height, k, depth, a);
        Panels.padRows(a, height, depth);
    }

    private void store(int row, int height, int panel, float[] sums, int at) {
        int to = column + panel * WIDTH, width = b.columns(panel);
        finish.apply(sums, at, row, height, to);
        if (transposed) PanelLoops.FASTEST.storeTransposed(sums, at, height, width, bias, row, accumulate, c.at(to, row), c.stride());
        else PanelLoops.FASTEST.store(sums, at, height, width, bias, to, accumulate, c.at(row, to), c.stride());
    }

    /** The size of parts if {@code size} is divided evenly into as few parts of at most {@code limit} as possible. */
    public static int evenly(int size, int limit) { return Math.ceilDiv(size, Math.ceilDiv(size, limit)); }
}
