package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.tensor.op.GroupedLinearOp.GROUP;

import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.Workspace;
import dev.faithdiff.tensor.DType;

/**
 * {@link GroupedDots} with activations that are rounded to signed bytes, each group of 32 with a scale of its own: a 127th of its greatest magnitude,
 * to nearest, ties to even. Products of bytes are added as whole numbers, so exactly.
 *
 * <p>A row of the weight is read as vectors of 32 bytes, whose eight fours have a sum each. With 8 bits a vector is one group. With 4 bits it is two,
 * the first in the lower half, and of each byte the low half and the high one are both in the sum. The sums, times the product of the scales
 * of x and weight, are added vector by vector to eight floats, and these by halves at the end.
 */
interface GroupedInt8 extends GroupedDots {
    /** Groups that are multiplied together; rows are filled up with zeros. */
    int BLOCK = 8;
    /** A group whose numbers are all smaller counts as zeros; {@link ByteFactors#LEAST}. */
    float LEAST = ByteFactors.LEAST, ROUND = ByteFactors.ROUND;

    /** {@link #four} for a weight of whole blocks. */
    void blocks(GroupedRows weight, long x, int row, long scales, long to);

    /** {@link #prepare} for whole blocks. */
    void prepareBlocks(long x, int blocks, boolean halves, long to);

    @Override default DType rounds() { return DType.I8; }

    /** Blocks of a row. */
    static int blocks(GroupedRows weight) { return Math.ceilDiv(weight.groups(), BLOCK); }

    @Override default void prepare(GroupedRows weight, long x, long to) {
        int blocks = blocks(weight), all = blocks * BLOCK * GROUP, k = weight.columns();
        if (all == k) {
            prepareBlocks(x, blocks, weight.halves(), to);
            return;
        }
        try (Workspace whole = Workspace.of(all)) {
            Copy.zero(whole.at(k), 4L * (all - k));
            Copy.bytes(x, whole.at(0), 4L * k);
            prepareBlocks(whole.at(0), blocks, weight.halves(), to);
        }
    }

    @Override default void four(GroupedRows weight, long x, int row, long scales, long to) {
        int groups = weight.groups(), all = blocks(weight) * BLOCK;
        if (all == groups) {
            blocks(weight, x, row, scales, to);
            return;
        }
        int bytes = weight.groupBytes() * all, floats = FOUR * (bytes + 2 * all) / 4;
        try (Workspace memory = Workspace.of(floats)) {
            Copy.zero(memory.at(0), 4L * floats);
            GroupedRows whole = new GroupedRows(memory.at(0), memory.at(FOUR * bytes / 4), all * GROUP, weight.halves());
            for (int r = 0; r < FOUR; r++) {
                Copy.bytes(weight.row(row + r), whole.row(r), (long) groups * weight.groupBytes());
                Copy.bytes(weight.rowScales(row + r), whole.rowScales(r), 2L * groups);
            }
            blocks(whole, x, 0, scales, to);
        }
    }
}
