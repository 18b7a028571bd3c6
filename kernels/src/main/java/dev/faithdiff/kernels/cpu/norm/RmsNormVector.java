package dev.faithdiff.kernels.cpu.norm;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.SIDE;

import dev.faithdiff.kernels.cpu.Tail;
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
        int whole = n / (2 * SIDE) * (2 * SIDE);
        long sums = Tail.place(0);
        for (int p = 0; p < SIDE; p += LANES) Vec.store(part(x + 4L * p, whole), sums + 4L * p);
        float squares = Vec.sumSide(sums);
        for (int i = whole; i < n; i++) squares = Math.fma(Vec.get(x + 4L * i), Vec.get(x + 4L * i), squares);
        return new Moments(0, (float) (1 / Math.sqrt((double) squares / n + eps)), 0);
    }

    private static FloatVector part(long x, int n) {
        FloatVector a = FloatVector.zero(F), b = a;
        for (int i = 0; i < n; i += 2 * SIDE) {
            FloatVector u = Vec.load(x + 4L * i), v = Vec.load(x + 4L * (i + SIDE));
            a = u.fma(u, a);
            b = v.fma(v, b);
        }
        return a.add(b);
    }

    private static void row(long x, int n, float scale, long weight, long y) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) Vec.store(Vec.load(x + 4L * i).mul(scale).mul(Vec.load(weight + 4L * i)), y + 4L * i);
        for (; i < n; i++) Vec.set(y + 4L * i, Vec.get(x + 4L * i) * scale * Vec.get(weight + 4L * i));
    }
}
