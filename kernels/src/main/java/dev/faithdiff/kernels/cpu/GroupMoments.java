package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Mean and 1/sqrt(variance + eps) of each group of channels of each sample of x {@code [B, ..., C]}, in one pass over memory.
 *
 * <p>A block of pixels is read twice, the second time from the cache: once for an estimate of the groups' means, once for sums of the
 * differences to it. Blocks are merged in double (Chan, Golub, LeVeque 1979); they do not depend on the number of threads.
 */
final class GroupMoments {
    private static final int BLOCK = 1 << 16; // floats: they stay in the second cache
    private static final int ROWS = 256;      // of a block at most, since a sum in float takes one number of each

    private final int channels, groups, row;
    private final double[] mean, scale;

    GroupMoments(Tensor x, int groups, float eps) {
        this.groups = groups;
        channels = x.size(-1);
        row = row(channels);
        int batch = x.size(0), block = Math.clamp(BLOCK / row, 1, ROWS) * row;
        long floats = x.count() / batch;
        int blocks = Math.toIntExact((floats + block - 1) / block);
        double[] means = new double[batch * blocks * groups], squares = new double[batch * blocks * groups];
        Parallel.run(batch * blocks, i -> {
            long from = (long) (i % blocks) * block;
            block(x.address() + 4 * (i / blocks * floats + from), (int) Math.min(block, floats - from), means, squares, i * groups);
        });
        mean = new double[batch * groups];
        scale = new double[batch * groups];
        for (int i = 0; i < mean.length; i++) merge(i, blocks, block / row * (row / groups), floats / groups, means, squares, eps);
    }

    /** The smallest number of whole pixels' floats that fills whole vectors: sums and factors of that length need no tails. */
    static int row(int channels) {
        int row = channels;
        while (row % LANES != 0) row += channels;
        return row;
    }

    double mean(int sample, int channel) { return mean[index(sample, channel)]; }

    double scale(int sample, int channel) { return scale[index(sample, channel)]; }

    private int index(int sample, int channel) { return sample * groups + channel / (channels / groups); }

    /** Means and sums of squared differences of the groups of one block. */
    private void block(long x, int count, double[] means, double[] squares, int at) {
        float[] sums = new float[row], estimate = new float[row], squareSums = new float[row];
        for (int i = 0; i < count; i += row) add(x + 4L * i, Math.min(row, count - i), sums);
        for (int g = 0; g < groups; g++) fill(estimate, g, (float) (sum(sums, g) * groups / count));
        Arrays.fill(sums, 0);
        for (int i = 0; i < count; i += row) add(x + 4L * i, Math.min(row, count - i), estimate, sums, squareSums);
        for (int g = 0; g < groups; g++) {
            double sum = sum(sums, g), n = count / groups;
            means[at + g] = estimate[g * (channels / groups)] + sum / n;
            squares[at + g] = sum(squareSums, g) - sum * sum / n;
        }
    }

    private static void add(long x, int count, float[] sums) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) FloatVector.fromArray(F, sums, i).add(Vec.load(x + 4L * i)).intoArray(sums, i);
        for (; i < count; i++) sums[i] += Vec.get(x + 4L * i);
    }

    private static void add(long x, int count, float[] estimate, float[] sums, float[] squares) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector d = Vec.load(x + 4L * i).sub(FloatVector.fromArray(F, estimate, i));
            FloatVector.fromArray(F, sums, i).add(d).intoArray(sums, i);
            d.fma(d, FloatVector.fromArray(F, squares, i)).intoArray(squares, i);
        }
        for (; i < count; i++) {
            float d = Vec.get(x + 4L * i) - estimate[i];
            sums[i] += d;
            squares[i] += d * d;
        }
    }

    /** Sum over a group's channels in all pixels of a row. */
    private double sum(float[] row, int group) {
        int width = channels / groups;
        double sum = 0;
        for (int i = group * width; i < row.length; i += channels) for (int c = 0; c < width; c++) sum += row[i + c];
        return sum;
    }

    private void fill(float[] row, int group, float value) {
        int width = channels / groups;
        for (int i = group * width; i < row.length; i += channels) Arrays.fill(row, i, i + width, value);
    }

    /** Merges the blocks of one group; all but the last hold {@code block} of its {@code count} numbers. */
    private void merge(int i, int blocks, int block, long count, double[] means, double[] squares, float eps) {
        double total = 0, m = 0, s = 0;
        for (int b = 0; b < blocks; b++) {
            int at = (i / groups * blocks + b) * groups + i % groups;
            double n = Math.min(block, count - total), difference = means[at] - m;
            s += squares[at] + difference * difference * total * n / (total + n);
            m += difference * n / (total + n);
            total += n;
        }
        mean[i] = m;
        scale[i] = 1 / Math.sqrt(s / count + eps);
    }
}
