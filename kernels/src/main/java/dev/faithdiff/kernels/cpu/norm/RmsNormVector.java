package dev.faithdiff.kernels.cpu.norm;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.norm.LayerNormVector.Moments;
import jdk.incubator.vector.FloatVector;

/** {@link RmsNormKernel} on the Vector API. */
public final class RmsNormVector implements RmsNormKernel {
    @Override public void rows(long x, int rows, int n, float eps, long weight, long y) {
        for (int r = 0; r < rows; r++, x += 4L * n, y += 4L * n) row(x, n, moments(x, n, eps).scale(), weight, y);
    }

    /** The moments of a row as {@link LayerNormVector} has them, with a mean of 0. */
    static Moments moments(long x, int n, float eps) {
        FloatVector a = FloatVector.zero(F), b = a;
        int i = 0;
        for (; i <= n - 2 * LANES; i += 2 * LANES) {
            FloatVector u = Vec.load(x + 4L * i), v = Vec.load(x + 4L * (i + LANES));
            a = u.fma(u, a);
            b = v.fma(v, b);
        }
        float squares = Vec.sum(a.add(b));
        for (; i < n; i++) squares += Vec.get(x + 4L * i) * Vec.get(x + 4L * i);
        return new Moments(0, (float) (1 / Math.sqrt((double) squares / n + eps)), 0);
    }

    private static void row(long x, int n, float scale, long weight, long y) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) Vec.store(Vec.load(x + 4L * i).mul(scale).mul(Vec.load(weight + 4L * i)), y + 4L * i);
        for (; i < n; i++) Vec.set(y + 4L * i, Vec.get(x + 4L * i) * scale * Vec.get(weight + 4L * i));
    }
}
