package dev.faithdiff.tensor.op;

import java.util.stream.LongStream;

/**
 * The axes of two strided arrays of the same sizes, outermost first. Axes of size 1 are left out, and neighbouring axes that are contiguous in both
 * arrays are merged.
 */
public final class Axes {
    public final int rank;
    /** Sizes, and the strides of both arrays in elements. Entries from {@link #rank} on are unused. */
    public final long[] size, a, b;

    /** Strides are in elements. */
    public Axes(int[] sizes, long[] stridesA, long[] stridesB) {
        int n = sizes.length, r = 0;
        size = new long[n];
        a = new long[n];
        b = new long[n];
        for (int d = 0; d < n; d++) {
            if (sizes[d] == 1) continue;
            boolean merges = r > 0 && a[r - 1] == stridesA[d] * sizes[d] && b[r - 1] == stridesB[d] * sizes[d];
            if (merges) r--;
            size[r] = merges ? size[r] * sizes[d] : sizes[d];
            a[r] = stridesA[d];
            b[r++] = stridesB[d];
        }
        rank = r;
    }

    private Axes(long[] size, long[] a, long[] b, int rank) {
        this.size = size;
        this.a = a;
        this.b = b;
        this.rank = rank;
    }

    /** These axes without one of them. */
    public Axes without(int axis) { return new Axes(cut(size, axis), cut(a, axis), cut(b, axis), rank - 1); }

    private static long[] cut(long[] values, int at) {
        return LongStream.range(0, values.length).filter(i -> i != at).map(i -> values[(int) i]).toArray();
    }

    /** Product of the sizes of the first {@code axes} axes. */
    public long count(int axes) {
        long n = 1;
        for (int d = 0; d < axes; d++) n *= size[d];
        return n;
    }

    /** Offset of position {@code row}, numbered in row-major order over the first {@code axes} axes, by an array's strides. */
    public long offset(long row, int axes, long[] strides) {
        long offset = 0;
        for (int d = axes - 1; d >= 0; d--) {
            offset += row % size[d] * strides[d];
            row /= size[d];
        }
        return offset;
    }
}
