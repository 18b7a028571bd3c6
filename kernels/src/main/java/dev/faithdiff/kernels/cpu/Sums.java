package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.MEMORY;

import dev.faithdiff.tensor.DType;

/** Sums of floats in double. What fills no vector is added in the same order, so all implementations and widths give the same bits. */
public interface Sums {
    /** Doubles in a vector. */
    int STEP = Vec.LANES / 2;
    /** Doubles that are summed side by side, in one vector or several, whatever the width of a vector. */
    int SIDE = 8;

    /** The sum of {@code n} floats, a multiple of four times SIDE: four sums of SIDE, added by pairs, and their elements in order. */
    double vectors(long x, int n);

    /** Adds rows of {@code n} floats, whole vectors, into as many doubles: four rows at a time, added by pairs. */
    void addVectors(long x, long step, int rows, long sums, int n);

    /** Stores {@code n} doubles, whole vectors, times {@code scale} as floats. */
    void storeVectors(long sums, double scale, long y, int n);

    /** Adds the first {@code n} doubles, whole vectors, of {@code rows} further rows to those of the first row, which they follow, one by one. */
    void foldVectors(long sums, int rows, int row, int n);

    /** The sum of {@code n} floats. */
    default double of(long x, int n) {
        int whole = n - n % (4 * SIDE);
        double sum = vectors(x, whole);
        for (int i = whole; i < n; i++) sum += Vec.get(x + 4L * i);
        return sum;
    }

    /** Adds rows of {@code n} floats, {@code step} bytes apart, into as many doubles. */
    default void rows(long x, long step, int rows, long sums, int n) {
        int whole = n - n % STEP;
        addVectors(x, step, rows, sums, whole);
        for (int i = whole; i < n; i++) {
            double sum = MEMORY.get(DType.DOUBLE, sums + 8L * i);
            int r = 0;
            for (long at = x + 4L * i; r <= rows - 4; r += 4, at += 4 * step) {
                sum += ((double) Vec.get(at) + Vec.get(at + step)) + ((double) Vec.get(at + 2 * step) + Vec.get(at + 3 * step));
            }
            for (; r < rows; r++) sum += Vec.get(x + r * step + 4L * i);
            MEMORY.set(DType.DOUBLE, sums + 8L * i, sum);
        }
    }

    /** Adds {@code rows} further rows of {@code n} doubles to the first, which they follow. */
    default void fold(long sums, int rows, int n) {
        int whole = n - n % STEP;
        foldVectors(sums, rows, n, whole);
        for (int i = whole; i < n; i++) {
            double sum = MEMORY.get(DType.DOUBLE, sums + 8L * i);
            for (int r = 1; r <= rows; r++) sum += MEMORY.get(DType.DOUBLE, sums + 8L * (r * n + i));
            MEMORY.set(DType.DOUBLE, sums + 8L * i, sum);
        }
    }

    /** Stores {@code n} doubles times {@code scale} as floats. */
    default void store(long sums, double scale, long y, int n) {
        int whole = n - n % STEP;
        storeVectors(sums, scale, y, whole);
        for (int i = whole; i < n; i++) Vec.set(y + 4L * i, (float) (MEMORY.get(DType.DOUBLE, sums + 8L * i) * scale));
    }
}
