package dev.faithdiff.kernels.cpu.gemm;

/** Tiles of a product, on one thread: to[t..] = add[f..] + A B, in the layout of {@link Panels}. They may be updated in place. */
public interface MicroKernel {
    /**
     * The tiles of {@code rows} rows of A from index {@code at} on with a panel of B at an address. Rows of the result from {@code rows} on are
     * undefined.
     *
     * @param step floats from what is added to one tile to what is added to the next; 0: the same is added to all
     */
    void tiles(int rows, int depth, float[] a, int at, long panel, float[] add, int f, int step, float[] to, int t);

    /** The number of rows of which {@link #unpacked} takes a multiple; 0: it takes none. */
    default int unpackedRows() { return 0; }

    /** The same with rows of A where they lie, {@code stride} bytes apart; no row beyond the last one is read. */
    default void unpacked(int rows, int depth, long a, long stride, long panel, float[] add, int f, int step, float[] to, int t) {
        throw new UnsupportedOperationException();
    }
}
