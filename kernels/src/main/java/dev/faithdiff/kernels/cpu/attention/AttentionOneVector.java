package dev.faithdiff.kernels.cpu.attention;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.SIDE;

import dev.faithdiff.kernels.cpu.ToFloat;
import dev.faithdiff.kernels.cpu.Vec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** {@link AttentionOne} on the Vector API. */
public final class AttentionOneVector implements AttentionOne {
    private static final ThreadLocal<float[]> TOKEN = ThreadLocal.withInitial(() -> new float[0]);
    private static final ThreadLocal<MemorySegment> SUMS = ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(4L * SIDE, 64));

    /** Heads of a token as floats. */
    private static float[] token(Heads h, long from) {
        int n = h.count() * h.width();
        if (TOKEN.get().length < n) TOKEN.set(new float[n]);
        ToFloat.row(h.dtype(), from, n, TOKEN.get(), 0);
        return TOKEN.get();
    }

    @Override public void scores(Heads h, long q, long keys, long scores) {
        MemorySegment own = SUMS.get();
        for (int s = 0; s < h.tokens(); s++) {
            float[] k = token(h, keys + s * h.step());
            for (int i = 0; i < h.count() * h.group(); i++) {
                long to = scores + 4 * ((long) i * h.stride() + s);
                Vec.set(to, dot(q + 4L * i * h.width(), k, i / h.group() * h.width(), h.width(), own.address()));
            }
        }
    }

    private static float dot(long q, float[] k, int at, int width, long side) {
        for (int i = 0; i < SIDE; i += LANES) {
            FloatVector sum = FloatVector.zero(F);
            for (int c = i; c < width; c += SIDE) sum = Vec.load(q + 4L * c).fma(FloatVector.fromArray(F, k, at + c), sum);
            Vec.store(sum, side + 4L * i);
        }
        return Vec.sumSide(side);
    }

    @Override public void sums(Heads h, long weights, long values, long y) {
        for (int s = 0; s < h.tokens(); s++) {
            float[] v = token(h, values + s * h.step());
            for (int i = 0; i < h.count() * h.group(); i++) {
                FloatVector weight = FloatVector.broadcast(F, Vec.get(weights + 4 * ((long) i * h.stride() + s)));
                long to = y + 4L * i * h.width();
                for (int c = 0; c < h.width(); c += LANES) {
                    Vec.store(weight.fma(FloatVector.fromArray(F, v, i / h.group() * h.width() + c), Vec.load(to + 4L * c)), to + 4L * c);
                }
            }
        }
    }
}
