package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

import dev.faithdiff.kernels.cpu.Parallel;
import java.lang.foreign.MemorySegment;

/**
 * The right operand of a product, K rows of values of 32 bits by N columns, packed into panels of {@link Panels#WIDTH} columns.
 *
 * <p>A weight that does not change can be packed once and kept, which takes {@link #bytes} of memory beside the weight itself.
 */
public record PackedB(MemorySegment memory, int k, int n) {

    /** Bytes of the packed form. */
    public static long bytes(int k, int n) { return panels(n) * panelBytes(k); }

    /**
     * Packs a weight [N, K] ({@code transposed}) or a matrix [K, N], of a floating type.
     *
     * @param into native memory of at least {@link #bytes}, preferably 64-byte aligned
     */
    public static PackedB pack(Matrix b, boolean transposed, MemorySegment into) {
        if (transposed) return transpose(Rows.of(b), 0, b.rows(), b.columns(), into);
        return copy(Factors.F32, b, 0, b.columns(), into);
    }

    /** Packs rows row..row+n of length k as columns. */
    public static PackedB transpose(Rows rows, int row, int n, int k, MemorySegment into) {
        PackedB packed = new PackedB(into.asSlice(0, bytes(k, n)), k, n);
        Parallel.run(panels(n), p -> PackB.transpose(rows, row + p * WIDTH, packed.columns(p), k, packed.at(p, 0)));
        return packed;
    }

    /** Packs columns column..column+n of a matrix [K, N] in a form. */
    static PackedB copy(Factors f, Matrix b, int column, int n, MemorySegment into) {
        int depth = f.depth(b.rows());
        PackedB packed = new PackedB(into.asSlice(0, bytes(depth, n)), depth, n);
        Parallel.run(panels(n), p -> PackB.copy(f, b, column + p * WIDTH, packed.columns(p), packed.at(p, 0)));
        return packed;
    }

    /** Panels of {@code n} columns, the last one padded. */
    public static int panels(int n) { return (n + WIDTH - 1) / WIDTH; }

    /** Bytes of a panel of {@code k} rows. */
    public static long panelBytes(int k) { return (long) k * WIDTH * Float.BYTES; }

    /** Panels of this operand. */
    public int panels() { return panels(n); }

    /** Columns of a panel that are not padding. */
    public int columns(int panel) { return Math.min(WIDTH, n - panel * WIDTH); }

    /** Address of row k of a panel. */
    public long at(int panel, int row) { return memory.address() + panel * panelBytes(k) + (long) row * WIDTH * Float.BYTES; }
}
