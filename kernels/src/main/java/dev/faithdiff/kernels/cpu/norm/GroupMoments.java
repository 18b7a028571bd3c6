package dev.faithdiff.kernels.cpu.norm;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Mean and 1/sqrt(variance + eps) of each group of channels of each sample of x {@code [B, ..., C]}, in one pass over memory.
 *
 * <p>A block of pixels is read twice, the second time from the cache: once for an estimate of the groups' means, once for the sums of squared
 * differences to it. Blocks are merged in double (Chan, Golub, LeVeque 1979); they do not depend on the number of threads.
 */
final class GroupMoments {
    private static final int BLOCK = 1 << 16; // floats, which fit the L2 cache
    private static final int ROWS = 256;      // the most rows of a block, so that a sum in float has few terms

    /** A thread's buffers: one number for each element of a row. */
    private record Places(float[] sums, float[] estimate, float[] squares) {
        private static final ThreadLocal<Places> OWN = ThreadLocal.withInitial(() -> new Places(0));

        Places(int length) { this(new float[length], new float[length], new float[length]); }

        /** This thread's buffers of at least {@code length}, with the sums set to zero. */
        static Places of(int length) {
            if (OWN.get().sums.length < length) OWN.set(new Places(length));
            Places p = OWN.get();
            Arrays.fill(p.sums, 0, length, 0);
            Arrays.fill(p.squares, 0, length, 0);
            return p;
        }
    }

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

    /** The smallest number of floats that is both whole pixels and whole vectors: loops over rows of that length have no tails. */
    static int row(int channels) {
        int row = channels;
        while (row % LANES != 0) row += channels;
        return row;
    }

    int groups() { return groups; }

    double mean(int sample, int channel) { return mean[index(sample, channel)]; }

    double scale(int sample, int channel) { return scale[index(sample, channel)]; }

    private int index(int sample, int channel) { return sample * groups + channel / (channels / groups); }

    /** Means and sums of squared differences of the groups of one block. */
    private void block(long x, int count, double[] means, double[] squares, int at) {
        Places p = Places.of(row);
        add(x, count, row, p.sums);
        for (int g = 0; g < groups; g++) fill(p.estimate, g, (float) (sum(p.sums, g) * groups / count));
        Arrays.fill(p.sums, 0, row, 0);
        add(x, count, row, p.estimate, p.sums, p.squares);
        for (int g = 0; g < groups; g++) {
            double sum = sum(p.sums, g), n = count / groups;
            means[at + g] = p.estimate[g * (channels / groups)] + sum / n;
            squares[at + g] = sum(p.squares, g) - sum * sum / n;
        }
    }

    private static void add(long x, int count, int row, float[] sums) {
        int i = 0;
        for (; i <= count - 4 * row; i += 4 * row) addFour(x + 4L * i, row, sums);
        for (; i < count; i += row) addOne(x + 4L * i, Math.min(row, count - i), sums);
    }

    private static void add(long x, int count, int row, float[] estimate, float[] sums, float[] squares) {
        int i = 0;
        for (; i <= count - 4 * row; i += 4 * row) addFour(x + 4L * i, row, estimate, sums, squares);
        for (; i < count; i += row) addOne(x + 4L * i, Math.min(row, count - i), estimate, sums, squares);
    }

    /** Adds four rows at once: vectors of the sums lie across two cache lines, since arrays do not begin on one, so each access counts. */
    private static void addFour(long x, int row, float[] sums) {
        long step = 4L * row;
        for (int i = 0; i < row; i += LANES, x += 4 * LANES) {
            FloatVector a = Vec.load(x).add(Vec.load(x + step)), b = Vec.load(x + 2 * step).add(Vec.load(x + 3 * step));
            FloatVector.fromArray(F, sums, i).add(a.add(b)).intoArray(sums, i);
        }
    }

    private static void addFour(long x, int row, float[] estimate, float[] sums, float[] squares) {
        long step = 4L * row;
        for (int i = 0; i < row; i += LANES, x += 4 * LANES) {
            FloatVector m = FloatVector.fromArray(F, estimate, i);
            FloatVector a = Vec.load(x).sub(m), b = Vec.load(x + step).sub(m);
            FloatVector c = Vec.load(x + 2 * step).sub(m), d = Vec.load(x + 3 * step).sub(m);
            FloatVector.fromArray(F, sums, i).add(a.add(b).add(c.add(d))).intoArray(sums, i);
            FloatVector ab = a.fma(a, b.mul(b)), cd = c.fma(c, d.mul(d));
            FloatVector.fromArray(F, squares, i).add(ab.add(cd)).intoArray(squares, i);
        }
    }

    private static void addOne(long x, int count, float[] sums) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) FloatVector.fromArray(F, sums, i).add(Vec.load(x + 4L * i)).intoArray(sums, i);
        for (; i < count; i++) sums[i] += Vec.get(x + 4L * i);
    }

    private static void addOne(long x, int count, float[] estimate, float[] sums, float[] squares) {
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
    private double sum(float[] numbers, int group) {
        int width = channels / groups;
        double sum = 0;
        for (int i = group * width; i < row; i += channels) for (int c = 0; c < width; c++) sum += numbers[i + c];
        return sum;
    }

    private void fill(float[] numbers, int group, float value) {
        int width = channels / groups;
        for (int i = group * width; i < row; i += channels) Arrays.fill(numbers, i, i + width, value);
    }

    /** Merges the blocks of one group; all but the last have {@code block} of its {@code count} numbers. */
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
