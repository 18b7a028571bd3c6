package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.tensor.op.GroupedLinearOp.GROUP;

import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.ToFloat;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.Workspace;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GroupedLinearOp;
import dev.faithdiff.tensor.op.Kernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A linear layer of few rows, whose weight is read once, at the speed of memory, and never stored as floats. Of each group the products of numbers
 * i and i + 16 are added, and 16 such sums times the scale to those of the row, which are added by halves at the end.
 */
interface GroupedDots extends Kernel<GroupedLinearOp> {
    /** Rows of the weight that are multiplied together. */
    int FOUR = 4;
    /** Floats from one row's scales to the next, and the most groups of a row. */
    int PITCH = 1040, MOST_GROUPS = 1024;
    /** The most rows of x: with more the weight is worth packing. */
    int FEW_ROWS = 4;
    /** Fours of a task. */
    int FOURS = 16;

    /** A thread's scales of four rows as floats, and behind them four sums. */
    ThreadLocal<MemorySegment> SCALES = ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(4L * (FOUR * PITCH + FOUR), 64));

    /**
     * The products of a row of x with four rows of the weight.
     *
     * @param x      address of what {@link #prepare} made of a row
     * @param row    the first of the weight's rows
     * @param scales address of their scales as floats, {@link #PITCH} apart
     * @param to     address of four floats
     */
    void four(GroupedRows weight, long x, int row, long scales, long to);

    /** Writes a row of x in the form that {@link #four} takes. */
    void prepare(GroupedRows weight, long x, long to);

    /** Floats of a row in this form. */
    default int room(GroupedRows weight) { return weight.columns(); }

    /** Makes floats of the scales of four rows of the weight, {@link #PITCH} apart, unless a kernel reads them as they are. */
    default void scales(GroupedRows weight, int row, long to) {
        for (int r = 0; r < FOUR; r++) ToFloat.row(DType.F16, weight.rowScales(row + r), weight.groups(), to + 4L * r * PITCH);
    }

    @Override default Class<GroupedLinearOp> op() { return GroupedLinearOp.class; }

    @Override default String refuses(GroupedLinearOp op, Tensor[] in) {
        int k = GroupedLinearOp.columns(in[1]);
        if (in[0].dtype() != DType.F32) return "computes in F32";
        if (k == 0 || in[0].count() / k > FEW_ROWS) return "takes up to " + FEW_ROWS + " rows";
        if (in[1].size(0) < FOUR) return "takes weights of " + FOUR + " rows or more";
        return k > MOST_GROUPS * GROUP ? "takes rows of up to " + MOST_GROUPS * GROUP + " numbers" : null;
    }

    @Override default void run(GroupedLinearOp op, Tensor[] in, Tensor out) {
        GroupedRows weight = GroupedRows.of(in[1], in[2]);
        int n = in[1].size(0), k = weight.columns(), rows = Math.toIntExact(out.count() / n), fours = Math.ceilDiv(n, FOUR), room = room(weight);
        try (Workspace x = Workspace.of((long) rows * room)) {
            for (int m = 0; m < rows; m++) prepare(weight, in[0].address() + 4L * m * k, x.at((long) m * room));
            Parallel.run(Math.ceilDiv(fours, FOURS), task -> {
                MemorySegment own = SCALES.get();
                long scales = own.address(), sums = scales + 4L * FOUR * PITCH;
                for (int four = task * FOURS; four < Math.min(fours, (task + 1) * FOURS); four++) {
                    int row = Math.min(four * FOUR, n - FOUR); // the last four may begin in those before
                    scales(weight, row, scales);
                    for (int m = 0; m < rows; m++) {
                        four(weight, x.at((long) m * room), row, scales, sums);
                        for (int r = 0; r < FOUR; r++) {
                            float bias = in.length > 3 ? in[3].get(row + r) : 0;
                            Vec.set(out.address() + 4 * ((long) m * n + row + r), Vec.get(sums + 4L * r) + bias);
                        }
                    }
                }
            });
        }
    }
}
