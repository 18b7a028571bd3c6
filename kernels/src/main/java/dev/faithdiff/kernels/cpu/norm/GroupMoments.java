package dev.faithdiff.kernels.cpu.norm;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.SIDE;

import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Mean and 1/sqrt(variance + eps) of each group of channels of each sample of x {@code [B, ..., C]}, in one pass over memory.
 *
 * <p>A block of pixels is read twice, the second time from the cache: once for an estimate of the groups' means, once for the sums of squared
 * differences to it. Blocks are merged in double (Chan, Golub, LeVeque 1979); they do not depend on the number of threads.
 */
final class GroupMoments {
    private static final int BLOCK = 1 << 16; // floats, which fit the L2 cache
    private static final int ROWS = 256;      // the most rows of a block, so that a sum in float has few terms

    /** This thread's memory: a row each of sums, estimates and sums of squares. */
    private static final ThreadLocal<MemorySegment> PLACES = new ThreadLocal<>();

    private final GroupRows loops;
    private final int channels, groups, row;
    private final double[] mean, scale;

    GroupMoments(GroupRows loops, Tensor x, int groups, float eps) {
        this.loops = loops;
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

    /** The smallest number of floats that is both whole pixels and whole vectors of any width: loops over rows of that length have no tails. */
    static int row(int channels) {
        int row = channels;
        while (row % SIDE != 0) row += channels;
        return row;
    }

    int groups() { return groups; }

    double mean(int sample, int channel) { return mean[index(sample, channel)]; }

    double scale(int sample, int channel) { return scale[index(sample, channel)]; }

    private int index(int sample, int channel) { return sample * groups + channel / (channels / groups); }

    /** This thread's memory for a row, with zeros for the sums. */
    private long places() {
        MemorySegment memory = PLACES.get();
        if (memory == null || memory.byteSize() < 12L * row) {
            memory = Arena.ofAuto().allocate(12L * row, 64);
            PLACES.set(memory);
        }
        Copy.zero(memory.address(), 12L * row);
        return memory.address();
    }

    /** Means and sums of squared differences of the groups of one block. */
    private void block(long x, int count, double[] means, double[] squares, int at) {
        long sums = places(), estimates = sums + 4L * row;
        int rows = count / row, rest = count % row, vectors = rest - rest % LANES;
        long last = x + 4L * rows * row;
        loops.sum(x, rows, row, row, sums);
        if (vectors > 0) loops.sum(last, 1, row, vectors, sums);
        for (int i = vectors; i < rest; i++) add(sums + 4L * i, Vec.get(last + 4L * i));
        for (int g = 0; g < groups; g++) fill(estimates, g, (float) (sum(sums, g) * groups / count));
        Copy.zero(sums, 4L * row);
        loops.moments(x, rows, row, row, sums);
        if (vectors > 0) loops.moments(last, 1, row, vectors, sums);
        for (int i = vectors; i < rest; i++) {
            float d = Vec.get(last + 4L * i) - Vec.get(estimates + 4L * i);
            add(sums + 4L * i, d);
            Vec.set(estimates + 4L * (row + i), Math.fma(d, d, Vec.get(estimates + 4L * (row + i))));
        }
        for (int g = 0; g < groups; g++) {
            double sum = sum(sums, g), n = count / groups;
            means[at + g] = Vec.get(estimates + 4L * g * (channels / groups)) + sum / n;
            squares[at + g] = sum(estimates + 4L * row, g) - sum * sum / n;
        }
    }

    private static void add(long to, float v) { Vec.set(to, Vec.get(to) + v); }

    /** Sum over a group's channels in all pixels of a row. */
    private double sum(long numbers, int group) {
        int width = channels / groups;
        double sum = 0;
        for (int i = group * width; i < row; i += channels) for (int c = 0; c < width; c++) sum += Vec.get(numbers + 4L * (i + c));
        return sum;
    }

    private void fill(long numbers, int group, float value) {
        int width = channels / groups;
        for (int i = group * width; i < row; i += channels) for (int c = 0; c < width; c++) Vec.set(numbers + 4L * (i + c), value);
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
