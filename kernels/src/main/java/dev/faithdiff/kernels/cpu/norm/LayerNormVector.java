package dev.faithdiff.kernels.cpu.norm;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.Workspace;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.LayerNormOp;
import jdk.incubator.vector.FloatVector;

/**
 * LayerNorm row by row: an estimate of the mean, then the sums of the differences to it, then the result. A row is read once from memory and
 * twice from the cache.
 */
public final class LayerNormVector implements Kernel<LayerNormOp> {
    private static final int BLOCK = 1 << 14; // floats of a task

    @Override public Class<LayerNormOp> op() { return LayerNormOp.class; }

    @Override public String refuses(LayerNormOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override public void run(LayerNormOp op, Tensor[] in, Tensor out) {
        int n = in[0].size(-1), block = Math.max(1, BLOCK / n);
        long rows = in[0].count() / n;
        try (Workspace scale = Workspace.of(in[1]); Workspace shift = Workspace.of(in[2])) {
            long weight = scale.at(0), bias = shift.at(0);
            Parallel.run(Math.toIntExact((rows + block - 1) / block), i -> {
                for (long r = (long) i * block; r < Math.min(rows, (i + 1L) * block); r++) {
                    row(in[0].address() + 4 * r * n, n, op.eps(), weight, bias, out.address() + 4 * r * n);
                }
            });
        }
    }

    /** The numbers that normalize a row: {@code hat = (x - center) scale + shift}. The shift corrects the rounding of the mean to a float. */
    record Moments(float center, float scale, float shift) {
        static Moments of(long x, int n, float eps) {
            float center = sum(x, n) / n;
            FloatVector m = FloatVector.broadcast(F, center), a = FloatVector.zero(F), b = a, aa = a, bb = a;
            int i = 0;
            for (; i <= n - 2 * LANES; i += 2 * LANES) { // two vectors at a time, so that additions overlap
                FloatVector d = Vec.load(x + 4L * i).sub(m), e = Vec.load(x + 4L * (i + LANES)).sub(m);
                a = a.add(d);
                b = b.add(e);
                aa = d.fma(d, aa);
                bb = e.fma(e, bb);
            }
            float sum = Vec.sum(a.add(b)), squares = Vec.sum(aa.add(bb));
            for (; i < n; i++) {
                float d = Vec.get(x + 4L * i) - center;
                sum += d;
                squares += d * d;
            }
            float excess = sum / n, variance = Math.max(0, squares / n - excess * excess);
            float scale = (float) (1 / Math.sqrt((double) variance + eps));
            return new Moments(center, scale, -excess * scale);
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
        FloatVector a = FloatVector.zero(F), b = a;
        int i = 0;
        for (; i <= n - 2 * LANES; i += 2 * LANES) {
            a = a.add(Vec.load(x + 4L * i));
            b = b.add(Vec.load(x + 4L * (i + LANES)));
        }
        float sum = Vec.sum(a.add(b));
        for (; i < n; i++) sum += Vec.get(x + 4L * i);
        return sum;
    }

    private static void apply(long x, int n, Moments m, long weight, long bias, long y) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector hat = m.hat(Vec.load(x + 4L * i));
            Vec.store(hat.fma(Vec.load(weight + 4L * i), Vec.load(bias + 4L * i)), y + 4L * i);
        }
    }
}
