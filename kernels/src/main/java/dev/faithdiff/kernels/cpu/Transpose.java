package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.ADDRESS;
import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LE;
import static dev.faithdiff.kernels.cpu.Vec.MEMORY;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * Transposes a square of {@link Vec#LANES} by LANES floats with vector shuffles.
 *
 * <p>Row and column numbers are swapped bit by bit: for each bit, rows r and r + bit exchange the columns of r that have the bit set with those of
 * r + bit that do not. Two bits are done at a time in registers.
 */
public final class Transpose {
    private static final int L = Vec.LANES;
    private static final long ROW = 4L * L;
    /** Bytes of a square. */
    public static final long BYTES = L * ROW;

    /** One bit of the column number: the shuffle between columns that differ in it, and the mask of columns that have it set. */
    private record Bit(VectorShuffle<Float> other, VectorMask<Float> set) {
        Bit(int bit) { this(VectorShuffle.fromOp(F, i -> i ^ bit), VectorMask.fromLong(F, columns(bit))); }

        private static long columns(int bit) {
            long columns = 0;
            for (int i = 0; i < L; i++) if ((i & bit) != 0) columns |= 1L << i;
            return columns;
        }

        /** The new row r, of rows r and r + bit. */
        FloatVector without(FloatVector a, FloatVector b) { return a.blend(b.rearrange(other), set); }

        /** The new row r + bit. */
        FloatVector with(FloatVector a, FloatVector b) { return a.rearrange(other).blend(b, set); }
    }

    private static final Bit HALF = new Bit(L / 2), QUARTER = new Bit(L / 4), TWO = new Bit(2), ONE = new Bit(1);

    private Transpose() {}

    /**
     * Transposes the square at index {@code at}, with rows {@code stride} floats apart, to an address, with rows {@code bytes} apart.
     *
     * @param scratch address of {@link #BYTES} bytes
     */
    public static void square(float[] from, int at, int stride, long scratch, long to, long bytes) {
        scratch &= ADDRESS;
        to &= ADDRESS;
        if (L == 4) {
            first(from, at, stride, to, bytes);
        } else {
            first(from, at, stride, scratch, ROW);
            if (L == 8) last(scratch, to, bytes);
            else lastTwo(scratch, to, bytes);
        }
    }

    private static void first(float[] from, int at, int stride, long to, long bytes) {
        int quarter = L / 4 * stride;
        for (int i = 0; i < L / 4; i++, at += stride, to += bytes) {
            FloatVector a = FloatVector.fromArray(F, from, at), b = FloatVector.fromArray(F, from, at + quarter);
            FloatVector c = FloatVector.fromArray(F, from, at + 2 * quarter), d = FloatVector.fromArray(F, from, at + 3 * quarter);
            FloatVector ac = HALF.without(a, c), bd = HALF.without(b, d);
            store(QUARTER.without(ac, bd), to);
            store(QUARTER.with(ac, bd), to + L / 4 * bytes);
            ac = HALF.with(a, c);
            bd = HALF.with(b, d);
            store(QUARTER.without(ac, bd), to + L / 2 * bytes);
            store(QUARTER.with(ac, bd), to + (L / 2 + L / 4) * bytes);
        }
    }

    private static void last(long from, long to, long bytes) {
        for (int i = 0; i < L / 2; i++, from += 2 * ROW, to += 2 * bytes) {
            FloatVector a = load(from), b = load(from + ROW);
            store(ONE.without(a, b), to & ADDRESS);
            store(ONE.with(a, b), to + bytes & ADDRESS);
        }
    }

    private static void lastTwo(long from, long to, long bytes) {
        for (int i = 0; i < L / 4; i++, from += 4 * ROW, to += 4 * bytes) {
            FloatVector a = load(from);
            FloatVector b = load(from + ROW);
            FloatVector c = load(from + 2 * ROW);
            FloatVector d = load(from + 3 * ROW);
            FloatVector ac = TWO.without(a, c), bd = TWO.without(b, d);
            store(ONE.without(ac, bd), to);
            store(ONE.with(ac, bd), to + bytes);
            ac = TWO.with(a, c);
            bd = TWO.with(b, d);
            store(ONE.without(ac, bd), to + 2 * bytes);
            store(ONE.with(ac, bd), to + 3 * bytes);
        }
    }

    /** Loads from an address that is masked already; {@link Vec#load} would mask it again. */
    private static FloatVector load(long address) { return FloatVector.fromMemorySegment(F, MEMORY, address, LE); }

    private static void store(FloatVector v, long address) { v.intoMemorySegment(MEMORY, address, LE); }
}
