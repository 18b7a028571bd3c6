package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.LayerNormOp;
import jdk.incubator.vector.FloatVector;

/**
 * LayerNorm row by row: an estimate of the mean, sums of the differences to it, the result. A row is read from memory once and
 * twice from the cache.
 */
public final class LayerNormVector implements Kernel<LayerNormOp> {
    private static final int BLOCK = 1 << 14; // floats of a task

    @Override public Class<LayerNormOp> op() { return LayerNormOp.class; }

    @Override public String refuses(LayerNormOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override public void run(LayerNormOp op, Tensor[] in, Tensor out) {
        int n = in[0].size(-1), block = Math.max(1, BLOCK / n);
        long rows = in[0].count() / n;
        float[] weight = Workspace.floats(in[1]), bias = Workspace.floats(in[2]);
        Parallel.run(Math.toIntExact((rows + block - 1) / block), i -> {
            for (long r = (long) i * block; r < Math.min(rows, (i + 1L) * block); r++) {
                row(in[0].address() + 4 * r * n, n, op.eps(), weight, bias, out.address() + 4 * r * n);
            }
        });
    }

    /** What makes a row normal: {@code hat = (x - center) scale + shift}, where the shift is what the centre, a float, lacks to the mean. */
    record Moments(float center, float scale, float shift) {
        static Moments of(long x, int n, float eps) {
            float center = sum(x, n) / n, excess = difference(x, n, center) / n;
            float variance = Math.max(0, squares(x, n, center) / n - excess * excess);
            float scale = (float) (1 / Math.sqrt((double) variance + eps));
            return new Moments(center, scale, -excess * scale);
        }

        float hat(float x) { return Math.fma(x - center, scale, shift); }

        FloatVector hat(FloatVector x) { return x.sub(center).fma(FloatVector.broadcast(F, scale), FloatVector.broadcast(F, shift)); }
    }

    private static void row(long x, int n, float eps, float[] weight, float[] bias, long y) {
        Moments m = Moments.of(x, n, eps);
        int vectors = n / LANES * LANES;
        apply(x, vectors, m, weight, bias, y);
        for (int i = vectors; i < n; i++) Vec.set(y + 4L * i, Math.fma(m.hat(Vec.get(x + 4L * i)), weight[i], bias[i]));
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

    private static float difference(long x, int n, float from) {
        FloatVector a = FloatVector.zero(F), m = FloatVector.broadcast(F, from);
        int i = 0;
        for (; i <= n - LANES; i += LANES) a = a.add(Vec.load(x + 4L * i).sub(m));
        float sum = Vec.sum(a);
        for (; i < n; i++) sum += Vec.get(x + 4L * i) - from;
        return sum;
    }

    private static float squares(long x, int n, float from) {
        FloatVector a = FloatVector.zero(F), m = FloatVector.broadcast(F, from);
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector d = Vec.load(x + 4L * i).sub(m);
            a = d.fma(d, a);
        }
        float sum = Vec.sum(a);
        for (; i < n; i++) {
            float d = Vec.get(x + 4L * i) - from;
            sum += d * d;
        }
        return sum;
    }

    private static void apply(long x, int n, Moments m, float[] weight, float[] bias, long y) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector hat = m.hat(Vec.load(x + 4L * i));
            Vec.store(hat.fma(FloatVector.fromArray(F, weight, i), FloatVector.fromArray(F, bias, i)), y + 4L * i);
        }
    }
}
