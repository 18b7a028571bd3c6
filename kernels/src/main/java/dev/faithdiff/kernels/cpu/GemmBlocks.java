package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Panels.DEPTH;
import static dev.faithdiff.kernels.cpu.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.Panels.WIDTH;

/**
 * Rows times a packed operand, on all threads: C from column {@code column} on or, if {@code turned}, C^T so that the rows of the
 * product become columns of C.
 *
 * <p>A task is a block of rows by some panels. It walks K in steps of at most {@link Panels#DEPTH}: packs its piece of the rows
 * into the second cache, then runs the micro-kernel over it for each panel. Every sum has the same order whatever the number of
 * threads.
 */
record GemmBlocks(Rows rows, int count, PackedB b, int column, boolean turned, float[] bias, Matrix c, boolean accumulate) {
    private static final int BLOCK = 96;                     // rows that a task packs: 96 x 640 floats are 240 KiB
    private static final int TASKS = 8 * Parallel.threads(); // enough for an even end

    private static final ThreadLocal<float[]> BLOCKS = ThreadLocal.withInitial(() -> new float[Panels.roundUp(BLOCK) * STRIDE]);

    void run() {
        int blocks = (count + BLOCK - 1) / BLOCK, panels = b.panels();
        int splits = Math.min(panels, (TASKS + blocks - 1) / blocks);
        Parallel.run(blocks * splits, task -> {
            int row = task / splits * BLOCK, split = task % splits;
            block(row, Math.min(BLOCK, count - row), panels * split / splits, panels * (split + 1) / splits);
        });
    }

    private void block(int row, int height, int from, int to) {
        float[] a = BLOCKS.get();
        int step = evenly(b.k(), DEPTH);
        for (int k = 0; k < b.k(); k += step) {
            int depth = Math.min(step, b.k() - k);
            rows.pack(row, height, k, depth, a);
            Panels.padRows(a, height, depth);
            for (int p = from; p < to; p++) multiply(a, row, height, k, depth, p);
        }
    }

    private void multiply(float[] a, int row, int height, int k, int depth, int panel) {
        int at = column + panel * WIDTH, width = b.columns(panel);
        float[] addend = k == 0 ? bias : null;
        boolean add = accumulate || k > 0;
        if (turned) Panels.multiplyTurned(height, width, depth, a, b.at(panel, k), addend, row, add, c.at(at, row), c.stride());
        else Panels.multiply(height, width, depth, a, b.at(panel, k), addend, at, add, c.at(row, at), c.stride());
    }

    /** The size of the fewest equal parts of at most {@code limit}. */
    private static int evenly(int size, int limit) {
        int parts = (size + limit - 1) / limit;
        return (size + parts - 1) / parts;
    }
}
