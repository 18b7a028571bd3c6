package dev.faithdiff.kernels.cpu.elementwise;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static dev.faithdiff.kernels.cpu.Vec.store;

import dev.faithdiff.kernels.cpu.Tail;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** {@link PreluKernel} on the Vector API. */
public final class PreluVector implements PreluKernel {
    @Override public void rows(long x, long slopes, int rows, int n, long y) {
        for (long at = 0, end = 4L * n * rows; at < end; at += 4L * n) row(x + at, slopes, y + at, n);
    }

    private static void row(long x, long slopes, long y, int n) {
        int rest = n % LANES, whole = n - rest;
        loop(x, slopes, y, whole);
        if (rest > 0) {
            long t = Tail.load(0, x + 4L * whole, rest);
            loop(t, slopes + 4L * whole, t, LANES);
            Tail.store(t, y + 4L * whole, rest);
        }
    }

    private static void loop(long x, long slopes, long y, int n) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = load(x + 4L * i);
            store(v.blend(v.mul(load(slopes + 4L * i)), v.compare(VectorOperators.LT, 0f)), y + 4L * i);
        }
    }
}
