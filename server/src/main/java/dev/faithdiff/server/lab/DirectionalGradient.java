package dev.faithdiff.server.lab;

import dev.faithdiff.kernels.lab.Bench;
import dev.faithdiff.kernels.lab.Case;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.FusedOp;
import dev.faithdiff.tensor.op.Kernel;
import java.util.List;
import java.util.Random;

/**
 * Whether what a kernel computes has the slope that its op's gradient says: operands move along a random direction, and the change of a random
 * projection of the result is held against the gradient's product with that direction.
 */
final class DirectionalGradient {
    /** Of F32: rounding over the step, and the fourth-order error of the differences; relative to the sum of the products' magnitudes. */
    static final double ALLOWED = 2e-3;
    private static final double STEP = 1 / 128.0;
    private static final int MOST = 8, MOST_ELEMENTS = 1 << 16;

    /** @param error the largest, relative. @param note its case, or why there is none */
    record Result(int cases, double error, String note) {}

    private DirectionalGradient() {}

    static Result check(Kernel<?> kernel, List<Case> cases) {
        int checked = 0;
        double worst = 0;
        String note = "";
        for (Case c : cases) {
            boolean plain = c.types().activation() == DType.F32 && c.types().weight() == DType.F32 && kernel.rounds() == null;
            if (checked == MOST || !plain || c.op() instanceof FusedOp || Bench.refusal(kernel, c, Device.CPU) != null) continue;
            try {
                double error = error(kernel, c);
                if (Double.isNaN(error)) continue;
                checked++;
                if (error >= worst) note = c.name();
                worst = Math.max(worst, error);
            } catch (OpError e) {
                return new Result(0, 0, "the op has no gradient");
            }
        }
        return new Result(checked, worst, checked == 0 ? "no small case of F32 can be moved" : note);
    }

    private static double error(Kernel<?> kernel, Case c) {
        try (Scope _ = Scope.open()) {
            Tensor[] in = c.draw(Device.CPU);
            boolean[] wanted = new boolean[in.length];
            long elements = 0;
            boolean any = false;
            for (int i = 0; i < in.length; i++) {
                any |= wanted[i] = in[i].dtype().isFloating();
                elements += in[i].count();
            }
            if (!any || elements > MOST_ELEMENTS) return Double.NaN;
            Random random = new Random(7);
            Tensor out = Engine.run(kernel, c.op(), in), projection = Tensor.empty(Device.CPU, out.dtype(), out.shape());
            for (long i = 0; i < projection.count(); i++) projection.set(i, random.nextGaussian());
            Tensor[] gradient = c.op().gradient(in, out, projection, wanted);
            double product = 0, size = 0;
            float[][] start = new float[in.length][], way = new float[in.length][];
            for (int i = 0; i < in.length; i++) {
                if (!wanted[i] || gradient[i] == null) continue;
                start[i] = in[i].toFloats();
                way[i] = new float[start[i].length];
                for (int k = 0; k < way[i].length; k++) {
                    way[i][k] = (float) random.nextGaussian();
                    double p = gradient[i].get(k) * way[i][k];
                    product += p;
                    size += p * p;
                }
            }
            double[] at = new double[4];
            double[] steps = {STEP, -STEP, 2 * STEP, -2 * STEP};
            for (int s = 0; s < steps.length; s++) at[s] = projected(kernel, c, in, start, way, steps[s], projection);
            double slope = (8 * (at[0] - at[1]) - (at[2] - at[3])) / (12 * STEP);
            return Math.abs(slope - product) / Math.max(Math.sqrt(size), 1e-3);
        }
    }

    private static double projected(Kernel<?> kernel, Case c, Tensor[] in, float[][] start, float[][] way, double step, Tensor projection) {
        for (int i = 0; i < in.length; i++) {
            if (way[i] != null) for (int k = 0; k < way[i].length; k++) in[i].set(k, start[i][k] + step * way[i][k]);
        }
        try (Scope _ = Scope.open()) {
            Tensor out = Engine.run(kernel, c.op(), in);
            double sum = 0;
            for (long k = 0; k < out.count(); k++) sum += (double) out.get(k) * projection.get(k);
            return sum;
        }
    }
}
