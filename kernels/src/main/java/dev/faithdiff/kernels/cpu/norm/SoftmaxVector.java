package dev.faithdiff.kernels.cpu.norm;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.SIDE;

import dev.faithdiff.kernels.cpu.Tail;
import dev.faithdiff.kernels.cpu.Vec;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** {@link SoftmaxKernel} on the Vector API. */
public final class SoftmaxVector implements SoftmaxKernel {
    @Override public void rows(long x, int rows, int n, long y) {
        for (int r = 0; r < rows; r++, x += 4L * n, y += 4L * n) scale(y, n, 1 / exponentials(x, n, y));
    }

    /** e^(x - max) and its sum. */
    private static float exponentials(long x, int n, long y) {
        float max = max(x, n);
        int whole = n / SIDE * SIDE;
        long sums = Tail.place(0);
        for (int p = 0; p < SIDE; p += LANES) Vec.store(exponentials(x + 4L * p, whole, max, y + 4L * p), sums + 4L * p);
        float sum = Vec.sumSide(sums);
        for (int i = whole; i < n; i += LANES) {
            int count = Math.min(LANES, n - i);
            long last = Tail.load(1, x + 4L * i, count);
            Vec.store(Vec.exp(Vec.load(last).sub(max)), last);
            Tail.store(last, y + 4L * i, count);
            for (int j = 0; j < count; j++) sum += Vec.get(last + 4L * j);
        }
        return sum;
    }

    private static float max(long x, int n) {
        FloatVector a = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        int i = 0;
        for (; i <= n - LANES; i += LANES) a = a.max(Vec.load(x + 4L * i));
        float max = a.reduceLanes(VectorOperators.MAX);
        for (; i < n; i++) max = Math.max(max, Vec.get(x + 4L * i));
        return max;
    }

    /** Every {@link Vec#SIDE}th vector of exponentials, and their sum. */
    private static FloatVector exponentials(long x, int n, float max, long y) {
        FloatVector sum = FloatVector.zero(F), m = FloatVector.broadcast(F, max);
        for (int i = 0; i < n; i += SIDE) {
            FloatVector p = Vec.exp(Vec.load(x + 4L * i).sub(m));
            Vec.store(p, y + 4L * i);
            sum = sum.add(p);
        }
        return sum;
    }

    private static void scale(long y, int n, float factor) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) Vec.store(Vec.load(y + 4L * i).mul(factor), y + 4L * i);
        for (; i < n; i++) Vec.set(y + 4L * i, Vec.get(y + 4L * i) * factor);
    }
}
