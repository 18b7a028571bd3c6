package dev.faithdiff.tensor.op;

import java.util.stream.LongStream;

/**
 * Axes that two arrays are walked along together, outermost first, each with the two steps in elements. Axes of size one are left
 * out and neighbours that continue each other in both arrays are joined.
 */
public final class Axes {
    public final int rank;
    public final long[] size, a, b;

    public Axes(int[] sizes, long[] stepsA, long[] stepsB) {
        int n = sizes.length, r = 0;
        size = new long[n];
        a = new long[n];
        b = new long[n];
        for (int d = 0; d < n; d++) {
            if (sizes[d] == 1) continue;
            boolean joins = r > 0 && a[r - 1] == stepsA[d] * sizes[d] && b[r - 1] == stepsB[d] * sizes[d];
            if (joins) r--;
            size[r] = joins ? size[r] * sizes[d] : sizes[d];
            a[r] = stepsA[d];
            b[r++] = stepsB[d];
        }
        rank = r;
    }

    private Axes(long[] size, long[] a, long[] b, int rank) {
        this.size = size;
        this.a = a;
        this.b = b;
        this.rank = rank;
    }

    /** The other axes, as they are. */
    public Axes without(int axis) { return new Axes(cut(size, axis), cut(a, axis), cut(b, axis), rank - 1); }

    private static long[] cut(long[] values, int at) {
        return LongStream.range(0, values.length).filter(i -> i != at).map(i -> values[(int) i]).toArray();
    }

    /** Combinations of the first {@code axes} axes. */
    public long count(int axes) {
        long n = 1;
        for (int d = 0; d < axes; d++) n *= size[d];
        return n;
    }

    /** Where combination {@code row} of the first {@code axes} axes begins, by {@code steps}. */
    public long offset(long row, int axes, long[] steps) {
        long offset = 0;
        for (int d = axes - 1; d >= 0; d--) {
            offset += row % size[d] * steps[d];
            row /= size[d];
        }
        return offset;
    }
}
