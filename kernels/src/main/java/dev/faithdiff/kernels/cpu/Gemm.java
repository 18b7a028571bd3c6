package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Panels.DEPTH;
import static dev.faithdiff.kernels.cpu.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.Panels.WIDTH;

import dev.faithdiff.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Matrix product C[M, N] = A[M, K] B (+ bias[N]), or C += ..., in F32 on all threads.
 *
 * <p>B is packed into panels a slice of columns at a time (or came packed); then tasks, each a block of rows by some panels, walk K
 * in steps of {@link Panels#DEPTH}: pack their piece of A into the second cache, run the micro-kernel over it. Every sum has the same order
 * whatever the number of threads.
 */
public final class Gemm {
    /** Packs A: {@code depth} columns from column k on of {@code rows} rows from {@code row} on, into rows {@link Panels#STRIDE} apart. */
    interface Rows { void pack(int row, int rows, int k, int depth, float[] to); }

    private static final int BLOCK = 96;                    // rows of A that a task packs: 96 x 640 floats are 240 KiB
    private static final long SLICE_BYTES = 8L << 20;       // of B packed at a time
    private static final int TASKS = 4 * Parallel.threads(); // enough for an even end

    private record Scratch(float[] a, float[] tile) {}

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(
            () -> new Scratch(new float[Panels.roundUp(BLOCK) * STRIDE], new float[Panels.ROWS * WIDTH]));
    private static final ThreadLocal<MemorySegment> SLICE = new ThreadLocal<>();

    private Gemm() {}

    /**
     * C = A B (+ bias), or C += A B (+ bias) if {@code accumulate}.
     *
     * @param a F32 [M, K]
     * @param b of a floating type, a weight [N, K] if {@code transposed}, else [K, N]
     * @param bias of a floating type [1, N], or null
     * @param c F32 [M, N], not overlapping the others
     */
    public static void multiply(Matrix a, Matrix b, boolean transposed, Matrix bias, Matrix c, boolean accumulate) {
        requireF32(a, c);
        multiply(rows(a), b, transposed, bias, c, accumulate);
    }

    /** The same with a packed right operand. */
    public static void multiply(Matrix a, PackedB b, Matrix bias, Matrix c, boolean accumulate) {
        requireF32(a, c);
        multiply(rows(a), b, 0, bias(bias), c, accumulate);
    }

    static void multiply(Rows a, Matrix b, boolean transposed, Matrix bias, Matrix c, boolean accumulate) {
        if (transposed && GemmDots.suits(c.rows(), c.columns())) GemmDots.multiply(a, b, bias(bias), c, accumulate);
        else multiplyBySlices(a, b, transposed, bias(bias), c, accumulate);
    }

    /** Many rows: all threads pack a slice of B, then all use it. */
    private static void multiplyBySlices(Rows a, Matrix b, boolean transposed, float[] bias, Matrix c, boolean accumulate) {
        int n = c.columns(), k = transposed ? b.columns() : b.rows();
        int slice = (int) Math.max(Parallel.threads(), SLICE_BYTES / PackedB.panelBytes(k)) * WIDTH;
        MemorySegment memory = scratch(PackedB.bytes(k, Math.min(n, slice)));
        for (int column = 0; column < n; column += slice) {
            Matrix part = columns(b, transposed, column, Math.min(slice, n - column));
            multiply(a, PackedB.pack(part, transposed, memory), column, bias, c, accumulate);
        }
    }

    private static Matrix columns(Matrix b, boolean transposed, int column, int columns) {
        return transposed
                ? new Matrix(b.at(column, 0), b.dtype(), columns, b.columns(), b.stride())
                : new Matrix(b.at(0, column), b.dtype(), b.rows(), columns, b.stride());
    }

    /** The columns of C from {@code column} on that {@code b} covers. */
    static void multiply(Rows a, PackedB b, int column, float[] bias, Matrix c, boolean accumulate) {
        int blocks = (c.rows() + BLOCK - 1) / BLOCK;
        int panels = PackedB.panels(b.n());
        int splits = Math.min(panels, (TASKS + blocks - 1) / blocks);
        Parallel.run(blocks * splits, task -> {
            int block = task / splits, split = task % splits;
            int from = panels * split / splits, to = panels * (split + 1) / splits;
            block(a, block * BLOCK, Math.min(BLOCK, c.rows() - block * BLOCK), b, from, to, column, bias, c, accumulate);
        });
    }

    /** One task: some rows by the panels from..to, over all of K. */
    private static void block(Rows a, int row, int rows, PackedB b, int from, int to, int column, float[] bias, Matrix c, boolean accumulate) {
        Scratch scratch = SCRATCH.get();
        int step = evenly(b.k(), DEPTH);
        for (int k = 0; k < b.k(); k += step) {
            int depth = Math.min(step, b.k() - k);
            a.pack(row, rows, k, depth, scratch.a);
            Panels.padRows(scratch.a, rows, depth);
            for (int p = from; p < to; p++) {
                int at = column + p * WIDTH;
                Panels.multiply(rows, Math.min(WIDTH, b.n() - p * WIDTH), depth, scratch.a, b.at(p, k), k == 0 ? bias : null, at,
                        accumulate || k > 0, c.at(row, at), c.stride(), scratch.tile);
            }
        }
    }

    /** The size of the fewest equal parts of at most {@code limit}. */
    private static int evenly(int size, int limit) {
        int parts = (size + limit - 1) / limit;
        return (size + parts - 1) / parts;
    }

    static Rows rows(Matrix a) {
        return (row, rows, k, depth, to) -> {
            for (int r = 0; r < rows; r++) Vec.widen(DType.F32, a.at(row + r, k), depth, to, r * STRIDE);
        };
    }

    /** The bias as floats for whole panels. */
    static float[] bias(Matrix bias) {
        if (bias == null) return null;
        float[] wide = new float[PackedB.panels(bias.columns()) * WIDTH];
        Vec.widen(bias.dtype(), bias.address(), bias.columns(), wide, 0);
        return wide;
    }

    private static MemorySegment scratch(long bytes) {
        MemorySegment memory = SLICE.get();
        if (memory == null || memory.byteSize() < bytes) SLICE.set(memory = Arena.ofAuto().allocate(bytes, 64));
        return memory;
    }

    private static void requireF32(Matrix a, Matrix c) {
        if (a.dtype() != DType.F32 || c.dtype() != DType.F32) throw new IllegalArgumentException("A is " + a.dtype() + ", C is " + c.dtype() + ", both must be F32");
    }
}
