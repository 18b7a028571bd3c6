package dev.faithdiff.tensor;

import java.util.Arrays;

/** Sizes of a dense row-major array, outermost first. Immutable; a scalar has rank 0 and one element. */
public final class Shape {
    private final int[] sizes;

    private Shape(int[] sizes) { this.sizes = sizes; }

    /** @throws OpError if a size is negative or the element count exceeds 2^62 */
    public static Shape of(int... sizes) {
        long count = 1;
        for (int s : sizes) {
            if (s < 0) throw new OpError("shape " + Arrays.toString(sizes) + " has a negative size");
            if (s != 0 && count > (1L << 62) / s) throw new OpError("shape " + Arrays.toString(sizes) + " is too large");
            count *= s;
        }
        return new Shape(sizes.clone());
    }

    public int rank() { return sizes.length; }

    /** Size of an axis; negative axes count from the end. */
    public int size(int axis) { return sizes[axis(axis)]; }

    /** The axis as 0..rank-1; negative axes count from the end. */
    public int axis(int axis) {
        int a = axis < 0 ? axis + sizes.length : axis;
        if (a < 0 || a >= sizes.length) throw new OpError("axis " + axis + " does not exist in shape " + this);
        return a;
    }

    /** Number of elements. */
    public long count() { return count(0, sizes.length); }

    /** Product of the sizes from axis {@code from} (inclusive) to {@code to} (exclusive). */
    public long count(int from, int to) {
        long n = 1;
        for (int i = from; i < to; i++) n *= sizes[i];
        return n;
    }

    /** This shape with one axis resized. */
    public Shape with(int axis, int size) {
        int[] s = sizes.clone();
        s[axis(axis)] = size;
        return of(s);
    }

    public int[] toArray() { return sizes.clone(); }

    /** The shape that two shapes broadcast to by NumPy's rule: aligned at the last axis, sizes are equal or one of them is 1. Null if they do not. */
    public static Shape broadcast(Shape a, Shape b) {
        int rank = Math.max(a.rank(), b.rank());
        int[] s = new int[rank];
        for (int i = 1; i <= rank; i++) {
            int x = i <= a.rank() ? a.sizes[a.rank() - i] : 1;
            int y = i <= b.rank() ? b.sizes[b.rank() - i] : 1;
            if (x != y && x != 1 && y != 1) return null;
            s[rank - i] = x == 1 ? y : x;
        }
        return of(s);
    }

    @Override public boolean equals(Object o) { return o instanceof Shape s && Arrays.equals(sizes, s.sizes); }

    @Override public int hashCode() { return Arrays.hashCode(sizes); }

    @Override public String toString() { return Arrays.toString(sizes); }
}
