package dev.faithdiff.kernels.cpu.norm;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.MEMORY;

import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Tail;
import dev.faithdiff.kernels.cpu.Workspace;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GroupNormOp;
import dev.faithdiff.tensor.op.Kernel;
import java.lang.foreign.MemorySegment;

/** GroupNorm in two passes over x: {@link GroupMoments}, then {@code (x - center) * factor + shift} for each channel, and SiLU. */
interface GroupNormKernel extends Kernel<GroupNormOp> {
    int BLOCK = 1 << 15; // floats of a task

    /** The loops over whole vectors. */
    GroupRows loops();

    /** Centre, factor and shift of each channel of one sample, repeated to fill whole vectors. */
    record Affine(float[] center, float[] factor, float[] shift) {
        /** The centre is the mean, rounded to float; the rounding error is added to the shift. */
        static Affine of(GroupMoments m, int sample, float[] weight, float[] bias) {
            int row = GroupMoments.row(weight.length), width = weight.length / m.groups();
            Affine f = new Affine(new float[row], new float[row], new float[row]);
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

        /** Stores all three, one behind the other. */
        void store(long to) {
            for (float[] numbers : new float[][] {center, factor, shift}) {
                MemorySegment.copy(numbers, 0, MEMORY, DType.FLOAT, to, numbers.length);
                to += 4L * numbers.length;
            }
        }
    }

    @Override default Class<GroupNormOp> op() { return GroupNormOp.class; }

    @Override default String refuses(GroupNormOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override default void run(GroupNormOp op, Tensor[] in, Tensor out) {
        Tensor x = in[0];
        int batch = x.size(0), channels = x.size(-1);
        long floats = x.count() / batch;
        GroupMoments moments = new GroupMoments(loops(), x, op.groups(), op.eps());
        float[] weight = Workspace.floats(in[1]), bias = Workspace.floats(in[2]);
        int row = GroupMoments.row(channels), block = Math.max(1, BLOCK / row) * row;
        int blocks = Math.toIntExact((floats + block - 1) / block);
        try (Workspace factors = Workspace.of(3L * batch * row)) {
            for (int b = 0; b < batch; b++) Affine.of(moments, b, weight, bias).store(factors.at(3L * b * row));
            Parallel.run(batch * blocks, i -> {
                long from = (long) (i % blocks) * block, at = 4 * (i / blocks * floats + from);
                int count = (int) Math.min(block, floats - from);
                apply(x.address() + at, count, row, factors.at(3L * (i / blocks) * row), op.silu(), out.address() + at);
            });
        }
    }

    private void apply(long x, int count, int row, long factors, boolean silu, long y) {
        int rows = count / row, rest = count % row, vectors = rest - rest % LANES;
        loops().apply(x, rows, row, row, factors, silu, y);
        if (rest == 0) return;
        long done = 4L * rows * row;
        loops().apply(x + done, 1, row, vectors, factors, silu, y + done);
        if (vectors == rest) return;
        long at = done + 4L * vectors, last = Tail.load(0, x + at, rest - vectors);
        loops().apply(last, 1, row, LANES, factors + 4L * vectors, silu, last);
        Tail.store(last, y + at, rest - vectors);
    }
}
