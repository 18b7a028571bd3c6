package dev.faithdiff.kernels.cpu;

import java.lang.foreign.MemorySegment;

/**
 * The right operand of a product, K rows by N columns, rearranged into panels of {@link Panels#WIDTH} columns as F32.
 *
 * <p>A weight that does not change can be packed once and kept, at the price of {@link #bytes} of memory beside the weight itself.
 */
public record PackedB(MemorySegment memory, int k, int n) {

    /** Memory taken by the packed form. */
    public static long bytes(int k, int n) { return (long) panels(n) * k * Panels.WIDTH * Float.BYTES; }

    /** Packs, into native memory of at least {@link #bytes}, a weight [N, K] ({@code transposed}) or a matrix [K, N] of a floating type. */
    public static PackedB pack(Matrix b, boolean transposed, MemorySegment into) {
        int n = transposed ? b.rows() : b.columns(), k = transposed ? b.columns() : b.rows();
        PackedB packed = new PackedB(into.asSlice(0, bytes(k, n)), k, n);
        long address = into.address();
        Parallel.run(panels(n), p -> PackB.panel(b, transposed, p, address + p * panelBytes(k)));
        return packed;
    }

    static int panels(int n) { return (n + Panels.WIDTH - 1) / Panels.WIDTH; }

    static long panelBytes(int k) { return (long) k * Panels.WIDTH * Float.BYTES; }

    /** Address of row k of a panel. */
    long at(int panel, int row) { return memory.address() + panel * panelBytes(k) + (long) row * Panels.WIDTH * Float.BYTES; }
}
