package dev.faithdiff.kernels.cpu.norm;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.Workspace;
import dev.faithdiff.kernels.cpu.norm.LayerNormVector.Moments;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.LayerNormOp;
import jdk.incubator.vector.FloatVector;

/** Gradients of LayerNorm, and of norms like it: for x row by row, for the weight in blocks of rows whose sums are merged in double. */
public final class LayerNormGradVector implements Kernel<LayerNormOp.Grad> {
    private static final int ROWS = 128; // rows of a block, so that a sum in float has few terms

    @Override public Class<LayerNormOp.Grad> op() { return LayerNormOp.Grad.class; }

    /** The moments of a row of n floats. */
    interface Norm {
        Moments of(long x, int n);
    }

    @Override public String refuses(LayerNormOp.Grad op, Tensor[] in) { return refusal(in); }

    static String refusal(Tensor[] in) { return in[0].dtype() == DType.F32 && in[2].dtype() == DType.F32 ? null : "takes F32"; }

    @Override public void run(LayerNormOp.Grad op, Tensor[] in, Tensor out) {
        run(op.operand(), true, (x, n) -> Moments.of(x, n, op.eps()), in, out);
    }

    /** @param centered whether the norm subtracts the mean */
    static void run(int operand, boolean centered, Norm norm, Tensor[] in, Tensor out) {
        int n = in[0].size(-1);
        long x = in[0].address(), g = in[2].address(), rows = in[0].count() / n;
        int blocks = Math.toIntExact((rows + ROWS - 1) / ROWS);
        float[] weight = Workspace.floats(in[1]);
        float[][] sums = new float[blocks][];
        Parallel.run(blocks, i -> {
            float[] sum = operand == 1 ? new float[n] : null;
            sums[i] = sum;
            for (long r = (long) i * ROWS; r < Math.min(rows, (i + 1L) * ROWS); r++) {
                Moments m = norm.of(x + 4 * r * n, n);
                if (sum == null) input(x + 4 * r * n, g + 4 * r * n, n, m, centered, weight, out.address() + 4 * r * n);
                else add(x + 4 * r * n, g + 4 * r * n, n, m, sum);
            }
        });
        if (operand == 1) {
            for (int c = 0; c < n; c++) {
                double total = 0;
                for (float[] sum : sums) total += sum[c];
                Vec.set(out.address() + 4L * c, (float) total);
            }
        }
    }

    /** scale (g w - mean(g w) - hat mean(g w hat)), where mean(g w) counts only if centered. */
    private static void input(long x, long g, int n, Moments m, boolean centered, float[] weight, long out) {
        int vectors = n / LANES * LANES;
        FloatVector sum = FloatVector.zero(F), dot = FloatVector.zero(F);
        for (int i = 0; i < vectors; i += LANES) {
            FloatVector slope = Vec.load(g + 4L * i).mul(FloatVector.fromArray(F, weight, i));
            sum = sum.add(slope);
            dot = slope.fma(m.hat(Vec.load(x + 4L * i)), dot);
        }
        float a = Vec.sum(sum), b = Vec.sum(dot);
        for (int i = vectors; i < n; i++) {
            float slope = Vec.get(g + 4L * i) * weight[i];
            a += slope;
            b += slope * m.hat(Vec.get(x + 4L * i));
        }
        float mean = centered ? a / n : 0;
        write(x, g, vectors, m, mean, b / n, weight, out);
        for (int i = vectors; i < n; i++) {
            Vec.set(out + 4L * i, m.scale() * (Vec.get(g + 4L * i) * weight[i] - mean - m.hat(Vec.get(x + 4L * i)) * (b / n)));
        }
    }

    private static void write(long x, long g, int n, Moments m, float mean, float dot, float[] weight, long out) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector slope = Vec.load(g + 4L * i).mul(FloatVector.fromArray(F, weight, i)).sub(mean);
            Vec.store(slope.sub(m.hat(Vec.load(x + 4L * i)).mul(dot)).mul(m.scale()), out + 4L * i);
        }
    }

    /** sums += g hat. */
    private static void add(long x, long g, int n, Moments m, float[] sums) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            Vec.load(g + 4L * i).fma(m.hat(Vec.load(x + 4L * i)), FloatVector.fromArray(F, sums, i)).intoArray(sums, i);
        }
        for (; i < n; i++) sums[i] += Vec.get(g + 4L * i) * m.hat(Vec.get(x + 4L * i));
    }
}
