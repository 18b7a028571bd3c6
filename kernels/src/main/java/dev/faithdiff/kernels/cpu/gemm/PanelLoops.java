package dev.faithdiff.kernels.cpu.gemm;

import dev.faithdiff.kernels.cpu.VecCode;

/** The loops that bring numbers into the layout of {@link Panels}, and results out of it, on one thread. */
public interface PanelLoops {
    /** The fastest ones here. */
    PanelLoops FASTEST = VecCode.isHere() ? new PanelEmitted() : new PanelVector();

    /** Writes columns k..k+depth of rows row..row+rows of a matrix of a floating type as floats, the rows {@link Panels#STRIDE} apart. */
    void widen(Matrix m, int row, int rows, int k, int depth, float[] to);

    /**
     * Copies runs of floats into an array.
     *
     * @param list address of three numbers for each run: where it is, its byte offset in {@code to}, and its floats, at most {@link Panels#DEPTH}
     */
    void copy(long list, int runs, float[] to);

    /** Transposes LANES rows from index {@code at} on, {@link Panels#STRIDE} apart, to LANES columns of a panel at an address. */
    void transpose(float[] rows, int at, int depth, long to);

    /** Copies rows of whole panels, {@code step} bytes apart, to a panel at an address. */
    void copyRows(long from, long step, int rows, long to);

    /**
     * Partial sums of the dot products of rows with columns, both {@link Panels#STRIDE} apart: adds to SIDE sums ({@link
     * dev.faithdiff.kernels.cpu.Vec}) for each pair, at an address, a row of {@code columns} pairs behind the other.
     *
     * @param columns a multiple of 4
     * @param depth   of the products, a multiple of SIDE
     */
    void dots(float[] rows, int count, float[] others, int columns, int depth, long sums);

    /**
     * C = sums, or C += sums, for the first {@code columns} of a panel, after a bias for each column is added.
     *
     * @param bias null: none; else of all columns, those of the panel from {@code biasAt} on, whole panels
     * @param c    an address, with rows {@code stride} floats apart
     */
    void store(float[] sums, int at, int rows, int columns, float[] bias, int biasAt, boolean add, long c, long stride);

    /** The same for C^T: a row of the block becomes a column of C. The bias is one for each row of the block. */
    void storeTransposed(float[] sums, int at, int rows, int columns, float[] bias, int biasAt, boolean add, long c, long stride);
}
