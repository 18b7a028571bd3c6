package dev.faithdiff.kernels.cpu.norm;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.SIDE;

import dev.faithdiff.kernels.cpu.Tail;
import dev.faithdiff.kernels.cpu.Vec;
import jdk.incubator.vector.FloatVector;

/** {@link LayerNormKernel} on the Vector API. */
public final class LayerNormVector implements LayerNormKernel {
    @Override public void rows(long x, int rows, int n, float eps, long weight, long bias, long y) {
        for (int r = 0; r < rows; r++) row(x + 4L * r * n, n, eps, weight, bias, y + 4L * r * n);
    }

    /** The numbers that normalize a row: {@code hat = (x - center) scale + shift}. The shift corrects the rounding of the mean to a float. */
    record Moments(float center, float scale, float shift) {
        static Moments of(long x, int n, float eps) {
            float center = sum(x, n) / n;
            int whole = n / (2 * SIDE) * (2 * SIDE);
            long sums = Tail.place(0), squaresAt = Tail.place(1);
            for (int p = 0; p < SIDE; p += LANES) part(x + 4L * p, whole, center, sums + 4L * p, squaresAt + 4L * p);
            float sum = Vec.sumSide(sums), squares = Vec.sumSide(squaresAt);
            for (int i = whole; i < n; i++) {
                float d = Vec.get(x + 4L * i) - center;
                sum += d;
                squares = Math.fma(d, d, squares);
            }
            float excess = sum / n, variance = Math.max(0, squares / n - excess * excess);
            float scale = (float) (1 / Math.sqrt((double) variance + eps));
            return new Moments(center, scale, -excess * scale);
        }

        /** The sums of every {@link Vec#SIDE}th difference and of their squares, in two vectors at a time, so that additions overlap. */
        private static void part(long x, int n, float center, long sums, long squares) {
            FloatVector m = FloatVector.broadcast(F, center), a = FloatVector.zero(F), b = a, aa = a, bb = a;
            for (int i = 0; i < n; i += 2 * SIDE) {
                FloatVector d = Vec.load(x + 4L * i).sub(m), e = Vec.load(x + 4L * (i + SIDE)).sub(m);
                a = a.add(d);
                b = b.add(e);
                aa = d.fma(d, aa);
                bb = e.fma(e, bb);
            }
            Vec.store(a.add(b), sums);
            Vec.store(aa.add(bb), squares);
        }

        float hat(float x) { return Math.fma(x - center, scale, shift); }

        FloatVector hat(FloatVector x) { return x.sub(center).fma(FloatVector.broadcast(F, scale), FloatVector.broadcast(F, shift)); }
    }

    private static void row(long x, int n, float eps, long weight, long bias, long y) {
        Moments m = Moments.of(x, n, eps);
        int vectors = n / LANES * LANES;
        apply(x, vectors, m, weight, bias, y);
        for (int i = vectors; i < n; i++) Vec.set(y + 4L * i, Math.fma(m.hat(Vec.get(x + 4L * i)), Vec.get(weight + 4L * i), Vec.get(bias + 4L * i)));
    }

    private static float sum(long x, int n) {
        int whole = n / (2 * SIDE) * (2 * SIDE);
        long sums = Tail.place(0);
        for (int p = 0; p < SIDE; p += LANES) Vec.store(part(x + 4L * p, whole), sums + 4L * p);
        float sum = Vec.sumSide(sums);
        for (int i = whole; i < n; i++) sum += Vec.get(x + 4L * i);
        return sum;
    }

    private static FloatVector part(long x, int n) {
        FloatVector a = FloatVector.zero(F), b = a;
        for (int i = 0; i < n; i += 2 * SIDE) {
            a = a.add(Vec.load(x + 4L * i));
            b = b.add(Vec.load(x + 4L * (i + SIDE)));
        }
        return a.add(b);
    }

    private static void apply(long x, int n, Moments m, long weight, long bias, long y) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector hat = m.hat(Vec.load(x + 4L * i));
            Vec.store(hat.fma(Vec.load(weight + 4L * i), Vec.load(bias + 4L * i)), y + 4L * i);
        }
    }
}
