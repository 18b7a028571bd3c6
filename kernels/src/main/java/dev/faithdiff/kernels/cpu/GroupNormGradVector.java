package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GroupNormOp;
import dev.faithdiff.tensor.op.Kernel;
import jdk.incubator.vector.FloatVector;

/**
 * Gradients of GroupNorm: one pass sums g and g (x - center) of each channel in blocks merged in double, which is the weight's gradient
 * and all that a second pass needs for x, {@code g a + (x - center) b + c} for each channel.
 */
public final class GroupNormGradVector implements Kernel<GroupNormOp.Grad> {
    private static final int BLOCK = 1 << 15; // floats of a task
    private static final int ROWS = 256;      // of a task at most, since a sum in float takes one number of each

    @Override public Class<GroupNormOp.Grad> op() { return GroupNormOp.Grad.class; }

    @Override public String refuses(GroupNormOp.Grad op, Tensor[] in) {
        return in[0].dtype() == DType.F32 && in[2].dtype() == DType.F32 ? null : "takes F32";
    }

    @Override public void run(GroupNormOp.Grad op, Tensor[] in, Tensor out) {
        Tensor x = in[0];
        int batch = x.size(0), channels = x.size(-1), row = GroupMoments.row(channels), block = Math.clamp(BLOCK / row, 1, ROWS) * row;
        long floats = x.count() / batch;
        int blocks = Math.toIntExact((floats + block - 1) / block);
        GroupMoments m = new GroupMoments(x, op.groups(), op.eps());
        float[][] center = new float[batch][row];
        for (int b = 0; b < batch; b++) for (int i = 0; i < row; i++) center[b][i] = (float) m.mean(b, i % channels);
        float[][] sums = new float[batch * blocks][], dots = new float[batch * blocks][];
        Parallel.run(batch * blocks, i -> {
            long from = (long) (i % blocks) * block, at = 4 * (i / blocks * floats + from);
            sums[i] = new float[row];
            dots[i] = new float[row];
            add(x.address() + at, in[2].address() + at, (int) Math.min(block, floats - from), center[i / blocks], sums[i], dots[i]);
        });
        double[][] sum = new double[batch][], dot = new double[batch][]; // of g, and of g hat
        for (int b = 0; b < batch; b++) {
            sum[b] = total(sums, b * blocks, blocks, channels);
            dot[b] = total(dots, b * blocks, blocks, channels);
            for (int c = 0; c < channels; c++) dot[b][c] = (dot[b][c] + (center[b][c] - m.mean(b, c)) * sum[b][c]) * m.scale(b, c);
        }
        if (op.operand() == 1) {
            for (int c = 0; c < channels; c++) {
                double total = 0;
                for (double[] d : dot) total += d[c];
                Vec.set(out.address() + 4L * c, (float) total);
            }
            return;
        }
        float[] weight = Workspace.floats(in[1]);
        float[][][] factors = new float[batch][][];
        for (int b = 0; b < batch; b++) factors[b] = factors(m, b, op.groups(), floats / op.groups(), weight, center[b], sum[b], dot[b]);
        Parallel.run(batch * blocks, i -> {
            long from = (long) (i % blocks) * block, at = 4 * (i / blocks * floats + from);
            int count = (int) Math.min(block, floats - from);
            float[][] f = factors[i / blocks];
            for (int j = 0; j < count; j += row) {
                write(x.address() + at + 4L * j, in[2].address() + at + 4L * j, Math.min(row, count - j), center[i / blocks], f[0], f[1], f[2],
                        out.address() + at + 4L * j);
            }
        });
    }

    /** a, b, c of each channel, for {@code scale (g w - mean(g w) - hat mean(g w hat))}. */
    private static float[][] factors(GroupMoments m, int sample, int groups, long count, float[] weight, float[] center, double[] sum, double[] dot) {
        int channels = weight.length, width = channels / groups;
        double[] slope = new double[groups], along = new double[groups];
        for (int c = 0; c < channels; c++) {
            slope[c / width] += weight[c] * sum[c] / count;
            along[c / width] += weight[c] * dot[c] / count;
        }
        float[][] f = new float[3][center.length];
        for (int i = 0; i < center.length; i++) {
            int c = i % channels, g = c / width;
            double scale = m.scale(sample, c), b = -scale * scale * along[g];
            f[0][i] = (float) (scale * weight[c]);
            f[1][i] = (float) b;
            f[2][i] = (float) (b * (center[i] - m.mean(sample, c)) - scale * slope[g]);
        }
        return f;
    }

    private static double[] total(float[][] sums, int from, int blocks, int channels) {
        double[] total = new double[channels];
        for (int b = from; b < from + blocks; b++) for (int i = 0; i < sums[b].length; i++) total[i % channels] += sums[b][i];
        return total;
    }

    private static void add(long x, long g, int count, float[] center, float[] sums, float[] dots) {
        for (int i = 0; i < count; i += sums.length) addRow(x + 4L * i, g + 4L * i, Math.min(sums.length, count - i), center, sums, dots);
    }

    private static void addRow(long x, long g, int n, float[] center, float[] sums, float[] dots) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector d = Vec.load(g + 4L * i), offset = Vec.load(x + 4L * i).sub(FloatVector.fromArray(F, center, i));
            FloatVector.fromArray(F, sums, i).add(d).intoArray(sums, i);
            d.fma(offset, FloatVector.fromArray(F, dots, i)).intoArray(dots, i);
        }
        for (; i < n; i++) {
            sums[i] += Vec.get(g + 4L * i);
            dots[i] += Vec.get(g + 4L * i) * (Vec.get(x + 4L * i) - center[i]);
        }
    }

    private static void write(long x, long g, int n, float[] center, float[] a, float[] b, float[] c, long out) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector offset = Vec.load(x + 4L * i).sub(FloatVector.fromArray(F, center, i));
            FloatVector rest = offset.fma(FloatVector.fromArray(F, b, i), FloatVector.fromArray(F, c, i));
            Vec.store(Vec.load(g + 4L * i).fma(FloatVector.fromArray(F, a, i), rest), out + 4L * i);
        }
        for (; i < n; i++) Vec.set(out + 4L * i, Vec.get(g + 4L * i) * a[i] + (Vec.get(x + 4L * i) - center[i]) * b[i] + c[i]);
    }
}
