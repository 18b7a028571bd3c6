package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.ADDRESS;
import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LE;
import static dev.faithdiff.kernels.cpu.Vec.MEMORY;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * Turns a square of {@link Vec#LANES} by LANES floats with vector shuffles.
 *
 * <p>Row and column of an element change places one bit of their numbers at a time: rows r and r + bit exchange the columns of r that
 * have the bit for those of r + bit that do not. Two bits at a time stay in registers.
 */
public final class Transpose {
    private static final int L = Vec.LANES;
    private static final long ROW = 4L * L;
    /** Bytes of a square. */
    public static final long BYTES = L * ROW;

    /** A bit of a row's or column's number: the columns that differ in it, those that have it. */
    private record Bit(VectorShuffle<Float> other, VectorMask<Float> set) {
        Bit(int bit) { this(VectorShuffle.fromOp(F, i -> i ^ bit), VectorMask.fromLong(F, columns(bit))); }

        private static long columns(int bit) {
            long columns = 0;
            for (int i = 0; i < L; i++) if ((i & bit) != 0) columns |= 1L << i;
            return columns;
        }

        /** The new row without the bit, of rows without and with it. */
        FloatVector without(FloatVector a, FloatVector b) { return a.blend(b.rearrange(other), set); }

        /** The new row with the bit. */
        FloatVector with(FloatVector a, FloatVector b) { return a.rearrange(other).blend(b, set); }
    }

    private static final Bit HALF = new Bit(L / 2), QUARTER = new Bit(L / 4), TWO = new Bit(2), ONE = new Bit(1);

    private Transpose() {}

    /** Turns the square at index {@code at}, rows {@code stride} floats apart, into one at an address, rows {@code bytes} apart. */
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

    /** Of an address that is known to be one: {@link Vec#load} would cut it again. */
    private static FloatVector load(long address) { return FloatVector.fromMemorySegment(F, MEMORY, address, LE); }

    private static void store(FloatVector v, long address) { v.intoMemorySegment(MEMORY, address, LE); }
}
