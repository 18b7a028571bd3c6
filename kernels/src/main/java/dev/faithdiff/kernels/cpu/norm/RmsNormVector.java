package dev.faithdiff.kernels.cpu.norm;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.Workspace;
import dev.faithdiff.kernels.cpu.norm.LayerNormVector.Moments;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.RmsNormOp;
import jdk.incubator.vector.FloatVector;

/** Root mean square norm row by row: the sum of squares, then the result. */
public final class RmsNormVector implements Kernel<RmsNormOp> {
    @Override public Class<RmsNormOp> op() { return RmsNormOp.class; }

    @Override public String refuses(RmsNormOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override public void run(RmsNormOp op, Tensor[] in, Tensor out) {
        int n = in[0].size(-1);
        long x = in[0].address(), y = out.address();
        try (Workspace scale = Workspace.of(in[1])) {
            long weight = scale.at(0);
            Chunks.rows(in[0].count() / n, n, (first, rows) -> {
                for (long r = first; r < first + rows; r++) row(x + 4 * r * n, n, moments(x + 4 * r * n, n, op.eps()).scale(), weight, y + 4 * r * n);
            });
        }
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
