package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.ToFloat;
import dev.faithdiff.kernels.cpu.Tuning;
import dev.faithdiff.kernels.cpu.gemm.GemmBlocks.Finish;
import dev.faithdiff.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Matrix product C[M, N] = A[M, K] B (+ bias[N]), or C += ..., in F32 on all threads.
 *
 * <p>Products with few rows or columns are done by {@link GemmDots}. Otherwise one operand is packed into panels, a slice of some MiB at a time, and
 * {@link GemmBlocks} multiplies them with the rows of the other. Usually B is packed; with a large weight [N, K] it is less work to pack A, compute
 * C^T = B A^T, and transpose that while storing it.
 */
public final class Gemm {
    private static final long SLICE_BYTES = Tuning.GEMM_SLICE.of(12 << 20); // packed at a time

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
        multiply(Factors.F32, a, b, transposed, bias, c, accumulate);
    }

    /** The same with A and B held in another form. */
    static void multiply(Factors f, Matrix a, Matrix b, boolean transposed, Matrix bias, Matrix c, boolean accumulate) {
        check(a, transposed ? b.rows() : b.columns(), transposed ? b.columns() : b.rows(), bias, c);
        if (transposed) multiply(f, Rows.of(a), Rows.of(b), b.columns(), bias, c, accumulate);
        else multiplyPlain(f, Rows.of(a), b, widen(bias), c, accumulate);
    }

    /** The same with rows of any source as the left operand. */
    public static void multiply(Rows a, Matrix b, boolean transposed, Matrix bias, Matrix c, boolean accumulate) {
        if (transposed) multiply(Factors.F32, a, b, bias, c, accumulate);
        else multiplyPlain(Factors.F32, a, b, widen(bias), c, accumulate);
    }

    /** The same with a packed right operand. */
    public static void multiply(Matrix a, PackedB b, Matrix bias, Matrix c, boolean accumulate) {
        check(a, b.n(), b.k(), bias, c);
        multiply(Rows.of(a), b, bias, c, accumulate);
    }

    /** The same with rows of any source as the left operand and a packed right operand. */
    public static void multiply(Rows a, PackedB b, Matrix bias, Matrix c, boolean accumulate) {
        new GemmBlocks(a, c.rows(), b, 0, false, widen(bias), c, accumulate, Panels.KERNEL, Finish.NONE).run();
    }

    /** The same with rows of any source as the left operand and a weight [N, K], both held in any form. */
    public static void multiply(Factors f, Rows a, Matrix w, Matrix bias, Matrix c, boolean accumulate) {
        multiply(f, a, Rows.of(w), w.columns(), bias, c, accumulate);
    }

    /** The same with rows of length k of any source as both operands. Few rows or columns stay floats: memory is their limit. */
    static void multiply(Factors f, Rows a, Rows w, int k, Matrix bias, Matrix c, boolean accumulate) {
        if (GemmDots.suits(c.rows(), c.columns())) GemmDots.multiply(a, w, k, widen(bias), c, accumulate);
        else slices(packsA(c, f.depth(k)), f.kernel(), f.rows(a, k), f.rows(w, k), f.depth(k), widen(bias), c, accumulate, Finish.NONE);
    }

    /** C = A B (+ bias) for rows of bytes, A and a weight [N, K]. Sums are exact: C has the same bits by any form of bytes. */
    static void multiply(ByteFactors f, ByteRows a, ByteRows w, Matrix bias, Matrix c) {
        int k = f.depth(w.bytes().columns());
        boolean transposed = packsA(c, k);
        ByteRows panels = transposed ? a : w, rows = transposed ? w : a;
        Finish finish = (sums, at, row, count, column) -> f.scale(sums, at, count, rows.scales() + 4L * row, rows.offsets() + 4L * row,
                panels.scales() + 4L * column, panels.offsets() + 4L * column);
        slices(transposed, f.kernel(transposed), f.rows(a, false), f.rows(w, true), k, widen(bias), c, false, finish);
    }

    /** Whether C^T is computed with A in panels. Measured: transposing A and C is faster than transposing a weight of half their size. */
    private static boolean packsA(Matrix c, int k) { return (long) c.rows() * (c.columns() + k) < 2L * c.columns() * k; }

    private static void slices(boolean transposed, MicroKernel kernel, Rows a, Rows w, int k, float[] bias, Matrix c, boolean accumulate,
            Finish finish) {
        int m = c.rows(), n = c.columns();
        Rows panels = transposed ? a : w, rows = transposed ? w : a;
        int columns = transposed ? m : n, slice = slice(k, columns);
        for (int from = 0; from < columns; from += slice) {
            PackedB packed = PackedB.transpose(panels, from, Math.min(slice, columns - from), k, scratch(PackedB.bytes(k, slice)));
            new GemmBlocks(rows, transposed ? n : m, packed, from, transposed, bias, c, accumulate, kernel, finish).run();
        }
    }

    private static void multiplyPlain(Factors f, Rows a, Matrix b, float[] bias, Matrix c, boolean accumulate) {
        int n = c.columns(), k = f.depth(b.rows()), slice = slice(k, n);
        for (int from = 0; from < n; from += slice) {
            PackedB packed = PackedB.copy(f, b, from, Math.min(slice, n - from), scratch(PackedB.bytes(k, slice)));
            new GemmBlocks(f.rows(a, b.rows()), c.rows(), packed, from, false, bias, c, accumulate, f.kernel(), Finish.NONE).run();
        }
    }

    /** Columns packed at a time: whole panels, in slices of equal size, with at least one panel for each thread. */
    private static int slice(int k, int columns) {
        int most = (int) Math.max(Parallel.threads(), SLICE_BYTES / PackedB.panelBytes(k));
        return Math.min(columns, GemmBlocks.evenly(PackedB.panels(columns), most) * WIDTH);
    }

    /** The bias as floats, padded to whole panels; null if there is none. */
    private static float[] widen(Matrix bias) {
        if (bias == null) return null;
        float[] wide = new float[PackedB.panels(bias.columns()) * WIDTH];
        ToFloat.row(bias.dtype(), bias.address(), bias.columns(), wide, 0);
        return wide;
    }

    private static MemorySegment scratch(long bytes) {
        MemorySegment memory = SLICE.get();
        if (memory != null && memory.byteSize() >= bytes) return memory;
        memory = Arena.ofAuto().allocate(bytes, 64);
        SLICE.set(memory);
        return memory;
    }

    private static void check(Matrix a, int n, int k, Matrix bias, Matrix c) {
        boolean fits = a.dtype() == DType.F32 && c.dtype() == DType.F32 && a.columns() == k && a.rows() == c.rows() && c.columns() == n
                && (bias == null || bias.columns() == n);
        if (!fits) throw new IllegalArgumentException(a + " times K " + k + ", N " + n + ", bias " + bias + ", into " + c);
    }
}
