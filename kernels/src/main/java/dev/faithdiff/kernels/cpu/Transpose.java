package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static dev.faithdiff.kernels.cpu.Vec.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * Turns a square of {@link Vec#LANES} by LANES floats with vector shuffles.
 *
 * <p>Interleaving row i with row i + LANES/2, for all i, is one perfect shuffle of the square's elements; log2(LANES) of them
 * turn it. Two at a time stay in registers.
 */
final class Transpose {
    private static final int L = Vec.LANES;
    private static final long ROW = 4L * L;
    /** Bytes of a square. */
    static final long BYTES = L * ROW;
    /** Each element of the lower or upper half of a vector twice. */
    private static final VectorShuffle<Float> LOWER = VectorShuffle.fromOp(F, i -> i / 2);
    private static final VectorShuffle<Float> UPPER = VectorShuffle.fromOp(F, i -> (L + i) / 2);
    private static final VectorMask<Float> ODD = VectorMask.fromLong(F, 0xaaaaL & (1L << L) - 1);

    private Transpose() {}

    /** Turns the square at index {@code at}, rows {@code stride} floats apart, into one at an address, rows {@code bytes} apart. */
    static void square(float[] from, int at, int stride, long scratch, long to, long bytes) {
        if (L == 4) {
            twice(from, at, stride, to, bytes);
        } else {
            twice(from, at, stride, scratch, ROW);
            if (L == 8) once(scratch, to, bytes);
            else twice(scratch, to, bytes);
        }
    }

    private static void once(long from, long to, long bytes) {
        for (int i = 0; i < L / 2; i++, from += ROW, to += 2 * bytes) {
            FloatVector a = load(from), b = load(from + L / 2 * ROW);
            store(lower(a, b), to);
            store(upper(a, b), to + bytes);
        }
    }

    private static void twice(long from, long to, long bytes) {
        for (int i = 0; i < L / 4; i++, from += ROW, to += 4 * bytes) {
            twice(load(from), load(from + L / 4 * ROW), load(from + L / 2 * ROW), load(from + (L / 2 + L / 4) * ROW), to, bytes);
        }
    }

    private static void twice(float[] from, int at, int stride, long to, long bytes) {
        for (int i = 0; i < L / 4; i++, at += stride, to += 4 * bytes) {
            FloatVector a = FloatVector.fromArray(F, from, at), b = FloatVector.fromArray(F, from, at + L / 4 * stride);
            FloatVector c = FloatVector.fromArray(F, from, at + L / 2 * stride);
            FloatVector d = FloatVector.fromArray(F, from, at + (L / 2 + L / 4) * stride);
            twice(a, b, c, d, to, bytes);
        }
    }

    private static void twice(FloatVector a, FloatVector b, FloatVector c, FloatVector d, long to, long bytes) {
        FloatVector ac = lower(a, c), bd = lower(b, d);
        store(lower(ac, bd), to);
        store(upper(ac, bd), to + bytes);
        ac = upper(a, c);
        bd = upper(b, d);
        store(lower(ac, bd), to + 2 * bytes);
        store(upper(ac, bd), to + 3 * bytes);
    }

    private static FloatVector lower(FloatVector a, FloatVector b) { return a.rearrange(LOWER).blend(b.rearrange(LOWER), ODD); }

    private static FloatVector upper(FloatVector a, FloatVector b) { return a.rearrange(UPPER).blend(b.rearrange(UPPER), ODD); }
}
