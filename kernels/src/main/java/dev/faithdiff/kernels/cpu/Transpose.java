package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.F;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * Turns a square of {@link Vec#LANES} by LANES floats with vector shuffles.
 *
 * <p>Interleaving row i with row i + LANES/2, for all i, is one perfect shuffle of the square's elements; log2(LANES) of them
 * turn it.
 */
final class Transpose {
    private static final int L = Vec.LANES;
    /** Each element of the lower or upper half of a vector twice. */
    private static final VectorShuffle<Float> LOWER = VectorShuffle.fromOp(F, i -> i / 2), UPPER = VectorShuffle.fromOp(F, i -> (L + i) / 2);
    private static final VectorMask<Float> ODD = VectorMask.fromLong(F, 0xaaaaL & (1L << L) - 1);

    private Transpose() {}

    /** The square at {@code from}, its rows {@code stride} apart, is turned into one of the two scratch squares; returns that one. */
    static float[] square(float[] from, int at, int stride, float[] scratch, float[] other) {
        shuffle(from, at, stride, scratch);
        for (int done = 2; done < L; done *= 2) {
            shuffle(scratch, 0, L, other);
            float[] turned = other;
            other = scratch;
            scratch = turned;
        }
        return scratch;
    }

    private static void shuffle(float[] from, int at, int stride, float[] to) {
        for (int i = 0; i < L / 2; i++) {
            FloatVector a = FloatVector.fromArray(F, from, at + i * stride);
            FloatVector b = FloatVector.fromArray(F, from, at + (i + L / 2) * stride);
            a.rearrange(LOWER).blend(b.rearrange(LOWER), ODD).intoArray(to, 2 * i * L);
            a.rearrange(UPPER).blend(b.rearrange(UPPER), ODD).intoArray(to, (2 * i + 1) * L);
        }
    }
}
