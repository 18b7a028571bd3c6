package dev.faithdiff.kernels.cpu.gemm;


/**
 * How products hold factors that are signed bytes, in the layout of {@link Panels}. Sums are whole numbers of 32 bits in the place of floats, so the
 * two forms give the same bits.
 */
interface ByteFactors {
    /** A row whose numbers are all smaller counts as zeros: 127 over its greatest one must be finite. */
    float LEAST = 0x1p-100f;
    /** Adding it leaves the nearest whole number in the low bits. */
    float ROUND = 0x1.8p23f;
    /** The most numbers in a row: their products, each up to 127 times 128, add up to less than 2^31. */
    int LONGEST = 1 << 17;

    /** The faster form here. */
    ByteFactors FASTEST = EmittedInt8.isHere() ? new PackedBytes() : new SpreadBytes();

    /** What multiplies them. @param weights whether the rows are the weight's, and not the panels */
    MicroKernel kernel(boolean weights);

    /** Values of 32 bits that hold {@code numbers} neighbours along K. */
    int depth(int numbers);

    /** Rows of bytes as they are held, in {@link #depth} values. @param weight whether they are a weight's */
    Rows rows(ByteRows bytes, boolean weight);

    /**
     * Rounds a row to signed bytes: numbers times 127 over the greatest magnitude, to nearest, ties to even. A row with a NaN or an infinity gets a
     * scale that is none, either.
     *
     * @param count  a multiple of {@link ByteRows#UNIT}
     * @param to     address of the bytes
     * @param scale  address of what a byte stands for
     * @param offset address of the whole number that sums of this row with a weight are too large by
     */
    void round(float[] row, int count, long to, long scale, long offset);

    /** Sums of a block and a panel become floats, in place: less the offsets, times the product of the scales of row and column. */
    void scale(float[] sums, int at, int rows, long rowScales, long rowOffsets, long columnScales, long columnOffsets);
}
