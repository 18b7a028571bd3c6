package dev.faithdiff.kernels.cpu.norm;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static dev.faithdiff.kernels.cpu.Vec.store;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.SoftmaxOp;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** {@code y * (g - sum(y * g))} of F32 in two passes over each row, the second from the cache. */
public final class SoftmaxGradVector implements Kernel<SoftmaxOp.Grad> {
    private static final int BLOCK = 1024; // floats of a sum in float; the blocks are added in double

    @Override public Class<SoftmaxOp.Grad> op() { return SoftmaxOp.Grad.class; }

    @Override public String refuses(SoftmaxOp.Grad op, Tensor[] in) {
        return in[0].dtype() == DType.F32 && in[1].dtype() == DType.F32 ? null : "takes F32";
    }

    @Override public void run(SoftmaxOp.Grad op, Tensor[] in, Tensor out) {
        int n = out.size(-1), whole = n - n % LANES;
        long p = in[0].address(), g = in[1].address(), y = out.address();
        Chunks.rows(out.count() / n, n, (from, rows) -> {
            for (long r = from; r < from + rows; r++) row(p + 4 * r * n, g + 4 * r * n, y + 4 * r * n, n, whole);
        });
    }

    private static void row(long p, long g, long y, int n, int whole) {
        double sum = 0;
        for (int i = 0; i < whole; i += BLOCK) sum += dot(p + 4L * i, g + 4L * i, Math.min(BLOCK, whole - i));
        for (int i = whole; i < n; i++) sum += (double) Vec.get(p + 4L * i) * Vec.get(g + 4L * i);
        float dot = (float) sum;
        scale(p, g, y, whole, dot);
        for (int i = whole; i < n; i++) Vec.set(y + 4L * i, Vec.get(p + 4L * i) * (Vec.get(g + 4L * i) - dot));
    }

    private static float dot(long p, long g, int n) {
        FloatVector sum = FloatVector.zero(Vec.F);
        for (int i = 0; i < n; i += LANES) sum = load(p + 4L * i).fma(load(g + 4L * i), sum);
        return sum.reduceLanes(VectorOperators.ADD);
    }

    private static void scale(long p, long g, long y, int n, float dot) {
        for (int i = 0; i < n; i += LANES) store(load(p + 4L * i).mul(load(g + 4L * i).sub(dot)), y + 4L * i);
    }
}
