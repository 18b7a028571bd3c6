package dev.faithdiff.kernels.cpu.norm;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.Workspace;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GroupNormOp;
import dev.faithdiff.tensor.op.Kernel;
import jdk.incubator.vector.FloatVector;

/** GroupNorm in two passes over x: {@link GroupMoments}, then {@code (x - center) * factor + shift} for each channel, and SiLU. */
public final class GroupNormVector implements Kernel<GroupNormOp> {
    private static final int BLOCK = 1 << 15; // floats of a task
    private static final int ROWS = 4;        // rows at a time, which share the loads of the factors

    /** Centre, factor and shift of each channel of one sample, repeated to fill whole vectors. */
    record Factors(float[] center, float[] factor, float[] shift) {
        /** The centre is the mean, rounded to float; the rounding error is added to the shift. */
        static Factors of(GroupMoments m, int sample, float[] weight, float[] bias) {
            int row = GroupMoments.row(weight.length), width = weight.length / m.groups();
            Factors f = new Factors(new float[row], new float[row], new float[row]);
            for (int at = 0; at < row; at += width) {
                int channel = at % weight.length;
                f.fill(at, width, m.mean(sample, channel), m.scale(sample, channel), weight, bias, channel);
            }
            return f;
        }

        private void fill(int at, int width, double mean, double scale, float[] weight, float[] bias, int channel) {
            float center = (float) mean;
            for (int i = 0; i < width; i++) {
                double factor = scale * weight[channel + i];
                this.center[at + i] = center;
                this.factor[at + i] = (float) factor;
                shift[at + i] = (float) (bias[channel + i] + (center - mean) * factor);
            }
        }
    }

    @Override public Class<GroupNormOp> op() { return GroupNormOp.class; }

    @Override public String refuses(GroupNormOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override public void run(GroupNormOp op, Tensor[] in, Tensor out) {
        Tensor x = in[0];
        int batch = x.size(0), channels = x.size(-1);
        long floats = x.count() / batch;
        GroupMoments moments = new GroupMoments(x, op.groups(), op.eps());
        float[] weight = Workspace.floats(in[1]), bias = Workspace.floats(in[2]);
        Factors[] factors = new Factors[batch];
        for (int b = 0; b < batch; b++) factors[b] = Factors.of(moments, b, weight, bias);
        int row = GroupMoments.row(channels), block = Math.max(1, BLOCK / row) * row;
        int blocks = Math.toIntExact((floats + block - 1) / block);
        Parallel.run(batch * blocks, i -> {
            long from = (long) (i % blocks) * block, at = 4 * (i / blocks * floats + from);
            apply(x.address() + at, (int) Math.min(block, floats - from), factors[i / blocks], op.silu(), out.address() + at);
        });
    }

    private static void apply(long x, int count, Factors f, boolean silu, long y) {
        int row = f.center.length;
        for (int i = 0, rows; i < count; i += rows * row) {
            rows = Math.clamp((count - i) / row, 1, ROWS);
            int n = Math.min(row, count - i), vectors = n / LANES * LANES;
            if (silu) silu(x + 4L * i, rows, row, vectors, f.center, f.factor, f.shift, y + 4L * i);
            else affine(x + 4L * i, rows, row, vectors, f.center, f.factor, f.shift, y + 4L * i);
            for (int j = vectors; j < n; j++) {
                float v = Math.fma(Vec.get(x + 4L * (i + j)) - f.center[j], f.factor[j], f.shift[j]);
                Vec.set(y + 4L * (i + j), silu ? v / (1 + (float) Math.exp(-v)) : v);
            }
        }
    }

    private static void affine(long x, int rows, int row, int count, float[] center, float[] factor, float[] shift, long y) {
        for (int i = 0; i < count; i += LANES) {
            FloatVector m = FloatVector.fromArray(F, center, i);
            FloatVector a = FloatVector.fromArray(F, factor, i);
            FloatVector b = FloatVector.fromArray(F, shift, i);
            for (int j = i; j < i + rows * row; j += row) Vec.store(Vec.load(x + 4L * j).sub(m).fma(a, b), y + 4L * j);
        }
    }

    private static void silu(long x, int rows, int row, int count, float[] center, float[] factor, float[] shift, long y) {
        for (int i = 0; i < count; i += LANES) {
            FloatVector m = FloatVector.fromArray(F, center, i);
            FloatVector a = FloatVector.fromArray(F, factor, i);
            FloatVector b = FloatVector.fromArray(F, shift, i);
            for (int j = i; j < i + rows * row; j += row) Vec.store(Vec.silu(Vec.load(x + 4L * j).sub(m).fma(a, b)), y + 4L * j);
        }
    }
}
