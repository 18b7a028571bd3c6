package dev.faithdiff.kernels.cpu.norm;

/**
 * The loops of GroupNorm over rows that follow one another, with numbers for each element of a row beside them. Of each row the first {@code n}
 * elements count, whole vectors: all of them, unless there is one row only.
 */
interface GroupRows {
    /** sums += x for each row: four rows at a time, added by pairs, then one by one. */
    void sum(long x, int rows, int row, int n, long sums);

    /** The same for d = x - estimate and its squares: {@code places} are a row each of sums, estimates and sums of squares. */
    void moments(long x, int rows, int row, int n, long places);

    /** y = (x - center) * factor + shift, and SiLU of it; {@code factors} are a row each of centres, factors and shifts. */
    void apply(long x, int rows, int row, int n, long factors, boolean silu, long y);
}
