package dev.faithdiff.kernels.cpu.norm;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.SoftmaxOp;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Softmax row by row: maximum, exponentials and their sum, quotient. */
public final class SoftmaxVector implements Kernel<SoftmaxOp> {
    private static final int BLOCK = 1 << 14; // floats of a task

    @Override public Class<SoftmaxOp> op() { return SoftmaxOp.class; }

    @Override public String refuses(SoftmaxOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override public void run(SoftmaxOp op, Tensor[] in, Tensor out) {
        int n = out.size(-1), block = Math.max(1, BLOCK / n);
        long rows = out.count() / n;
        Parallel.run(Math.toIntExact((rows + block - 1) / block), i -> {
            for (long r = (long) i * block; r < Math.min(rows, (i + 1L) * block); r++) {
                long y = out.address() + 4 * r * n;
                scale(y, n, 1 / exponentials(in[0].address() + 4 * r * n, n, y));
            }
        });
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
