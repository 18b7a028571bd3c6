package dev.faithdiff.kernels.cpu.norm;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.Workspace;
import dev.faithdiff.kernels.cpu.norm.GroupNormKernel.Affine;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GroupNormOp;
import dev.faithdiff.tensor.op.Kernel;
import jdk.incubator.vector.FloatVector;

/**
 * Gradients of GroupNorm in two passes. The first sums g and g (x - center) of each channel, in blocks merged in double: these are the gradients of
 * bias and weight, and give the factors of the second pass, which computes {@code g a + (x - center) b + c} for x. With SiLU, the first pass computes
 * the normed x again and stores SiLU's derivative times g in the result, where the second pass reads it.
 */
public final class GroupNormGradVector implements Kernel<GroupNormOp.Grad> {
    private static final int BLOCK = 1 << 15; // floats of a task
    private static final int ROWS = 256;      // the most rows of a task, so that a sum in float has few terms

    @Override public Class<GroupNormOp.Grad> op() { return GroupNormOp.Grad.class; }

    @Override public String refuses(GroupNormOp.Grad op, Tensor[] in) {
        return in[0].dtype() == DType.F32 && in[3].dtype() == DType.F32 ? null : "takes F32";
    }

    @Override public void run(GroupNormOp.Grad op, Tensor[] in, Tensor out) {
        Tensor x = in[0];
        int batch = x.size(0), channels = x.size(-1), groups = op.of().groups();
        int row = GroupMoments.row(channels), block = Math.clamp(BLOCK / row, 1, ROWS) * row;
        long floats = x.count() / batch;
        int blocks = Math.toIntExact((floats + block - 1) / block);
        GroupMoments m = new GroupMoments(new GroupRowsVector(), x, groups, op.of().eps());
        float[] weight = Workspace.floats(in[1]), bias = Workspace.floats(in[2]);
        Affine[] norm = new Affine[batch];
        for (int b = 0; b < batch; b++) norm[b] = Affine.of(m, b, weight, bias);
        float[][] sums = new float[batch * blocks][], dots = new float[batch * blocks][];
        Parallel.run(batch * blocks, i -> {
            long from = (long) (i % blocks) * block, at = 4 * (i / blocks * floats + from);
            sums[i] = new float[row];
            dots[i] = new float[row];
            int count = (int) Math.min(block, floats - from);
            if (op.of().silu()) silu(x.address() + at, in[3].address() + at, count, norm[i / blocks], out.address() + at);
            add(x.address() + at, (op.of().silu() ? out : in[3]).address() + at, count, norm[i / blocks].center(), sums[i], dots[i]);
        });
        double[][] sum = new double[batch][], dot = new double[batch][]; // of g, and of g hat
        for (int b = 0; b < batch; b++) {
            sum[b] = total(sums, b * blocks, blocks, channels);
            dot[b] = total(dots, b * blocks, blocks, channels);
            for (int c = 0; c < channels; c++) dot[b][c] = (dot[b][c] + (norm[b].center()[c] - m.mean(b, c)) * sum[b][c]) * m.scale(b, c);
        }
        store(dot, channels, out.address() + 4 * x.count());
        store(sum, channels, out.address() + 4 * (x.count() + channels));
        float[][][] factors = new float[batch][][];
        for (int b = 0; b < batch; b++) factors[b] = factors(m, b, groups, floats / groups, weight, norm[b].center(), sum[b], dot[b]);
        long g = (op.of().silu() ? out : in[3]).address();
        Parallel.run(batch * blocks, i -> {
            long from = (long) (i % blocks) * block, at = 4 * (i / blocks * floats + from);
            int count = (int) Math.min(block, floats - from);
            float[][] f = factors[i / blocks];
            for (int j = 0; j < count; j += row) {
                write(x.address() + at + 4L * j, g + at + 4L * j, Math.min(row, count - j), norm[i / blocks].center(), f[0], f[1], f[2],
                        out.address() + at + 4L * j);
            }
        });
    }

    /** Sums over the samples. */
    private static void store(double[][] samples, int channels, long to) {
        for (int c = 0; c < channels; c++) {
            double total = 0;
            for (double[] s : samples) total += s[c];
            Vec.set(to + 4L * c, (float) total);
        }
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

    /** g times SiLU's derivative at the normed x. */
    private static void silu(long x, long g, int count, Affine f, long to) {
        int row = f.center().length;
        for (int i = 0; i < count; i += row) {
            int n = Math.min(row, count - i), vectors = n / LANES * LANES;
            slopes(x + 4L * i, g + 4L * i, vectors, f.center(), f.factor(), f.shift(), to + 4L * i);
            for (int j = vectors; j < n; j++) {
                float y = Math.fma(Vec.get(x + 4L * (i + j)) - f.center()[j], f.factor()[j], f.shift()[j]), s = 1 / (1 + (float) Math.exp(-y));
                Vec.set(to + 4L * (i + j), Vec.get(g + 4L * (i + j)) * s * (1 + y * (1 - s)));
            }
        }
    }

    private static void slopes(long x, long g, int count, float[] center, float[] factor, float[] shift, long to) {
        FloatVector one = FloatVector.broadcast(F, 1f);
        for (int i = 0; i < count; i += LANES) {
            FloatVector y = affine(x, i, center, factor, shift), s = Vec.sigmoid(y);
            Vec.store(Vec.load(g + 4L * i).mul(s).mul(y.fma(one.sub(s), one)), to + 4L * i);
        }
    }

    private static FloatVector affine(long x, int i, float[] center, float[] factor, float[] shift) {
        FloatVector d = Vec.load(x + 4L * i).sub(FloatVector.fromArray(F, center, i));
        return d.fma(FloatVector.fromArray(F, factor, i), FloatVector.fromArray(F, shift, i));
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
