package dev.faithdiff.kernels.cpu.gemm;

/** How products hold their factors in the layout of {@link Panels}: as floats, or rounded to BF16. Sums are floats. */
public interface Factors {
    /** Floats, as they are. */
    Factors F32 = new Factors() {};
    /** Rounded to BF16: to nearest, ties to even, and subnormal numbers to zero. */
    Factors BF16 = EmittedBf16.isHere() ? new PairedFactors() : new RoundedFactors();

    /** What multiplies them. */
    default MicroKernel kernel() { return Panels.KERNEL; }

    /** Whether each 32 bits hold two BF16 that are neighbours along K. */
    default boolean isPaired() { return false; }

    /** Values of 32 bits that hold {@code numbers} neighbours along K. */
    default int depth(int numbers) { return numbers; }

    /** Rows of k numbers, which are packed as they are held, in {@link #depth} values. */
    default Rows rows(Rows wide, int k) { return wide; }

    /** Rounds rows of {@code numbers} floats in place, from index {@code at} on and {@link Panels#STRIDE} apart; beyond their new end is nothing. */
    default void round(float[] rows, int at, int count, int numbers) {}

    /** Rounds rows of floats, {@code [k][WIDTH]} at an address, to a panel, which may be in the same place. */
    default void roundPanel(long from, int k, long to) {
        if (from != to) throw new IllegalStateException("floats are packed where they stay");
    }
}
