package dev.faithdiff.kernels.cpu.norm;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

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
        int vectors = n / LANES * LANES;
        float sum = exponentials(x, vectors, max, y);
        for (int i = vectors; i < n; i++) {
            float p = (float) Math.exp(Vec.get(x + 4L * i) - max);
            Vec.set(y + 4L * i, p);
            sum += p;
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

    private static float exponentials(long x, int n, float max, long y) {
        FloatVector sum = FloatVector.zero(F), m = FloatVector.broadcast(F, max);
        for (int i = 0; i < n; i += LANES) {
            FloatVector p = Vec.exp(Vec.load(x + 4L * i).sub(m));
            Vec.store(p, y + 4L * i);
            sum = sum.add(p);
        }
        return Vec.sum(sum);
    }

    private static void scale(long y, int n, float factor) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) Vec.store(Vec.load(y + 4L * i).mul(factor), y + 4L * i);
        for (; i < n; i++) Vec.set(y + 4L * i, Vec.get(y + 4L * i) * factor);
    }
}
