package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.Vec.SIDE;
import static dev.faithdiff.tensor.op.GroupedLinearOp.GROUP;

import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;

/**
 * {@link GroupedDots} as machine code; to the bits of {@link GroupedLinearVector}. The low half of a byte becomes a float of 2^28 times its value,
 * which saves a shift: the numbers of x that it meets are 2^-28 times theirs. So of x below 2^-98 digits are lost.
 */
public final class GroupedLinearEmitted implements GroupedDots {
    private static final int UNROLLED = 4, SHIFT = 28, LINE = 64;
    private static final float SMALL = 0x1p-28f;

    private static final class Halves {
        private static final Routine FOUR = four(VecCode.start(), true), PREPARE = prepare(VecCode.start());
    }

    private static final class Bytes {
        private static final Routine FOUR = four(VecCode.start(), false);
    }

    @Override public String unavailable() { return VecCode.unavailable(); }

    @Override public void prepare(GroupedRows weight, long x, long to) {
        if (weight.halves()) Halves.PREPARE.call(x, to, weight.groups(), 0, 0);
        else Copy.bytes(x, to, 4L * weight.columns());
    }

    @Override public void four(GroupedRows weight, long x, int row, long scales, long to) {
        Routine code = weight.halves() ? Halves.FOUR : Bytes.FOUR;
        int groups = weight.groups();
        code.call(x, weight.row(row), scales, (long) groups * weight.groupBytes(), groups / UNROLLED, groups % UNROLLED, to, 0);
    }

    /** Arguments: a row of x, where to, and its groups. */
    static Routine prepare(VectorCode c) {
        Gpr x = c.argument(0), to = c.argument(1);
        c.useUp(c.argument(2), () -> {
            for (int i = 0; i < 4 * SIDE; i += c.bytes()) c.store(c.mul(c.load(x, i), c.constant(SMALL)), to, i);
            for (int i = 4 * SIDE; i < 4 * GROUP; i += c.bytes()) c.store(c.load(x, i), to, i);
            c.advance(x, 4 * GROUP);
            c.advance(to, 4 * GROUP);
        });
        return c.routine("grouped_prepare");
    }

    /** Arguments: x, the first row's bytes, the scales, bytes from row to row, four times so many groups, groups beside them, and where to. */
    static Routine four(VectorCode c, boolean halves) {
        Gpr x = c.argument(0), scales = c.argument(2), step = c.argument(3);
        Gpr[] rows = {c.argument(1), c.copy(c.argument(1)), null, null};
        c.advance(rows[1], step);
        rows[2] = c.copy(rows[1]);
        c.advance(rows[2], step);
        Gpr ahead = c.copy(step);
        c.multiply(ahead, FOUR);
        c.advance(step, rows[2]);
        rows[3] = step;
        Value[][] sums = new Value[FOUR][4 * SIDE / c.bytes()];
        for (Value[] sum : sums) for (int i = 0; i < sum.length; i++) sum[i] = c.variable(c.bits(0));
        int bytes = halves ? GROUP / 2 : GROUP;
        c.useUp(c.argument(4), () -> {
            for (Gpr row : rows) for (int line = 0; line < UNROLLED * bytes; line += LINE) c.prefetch(row, ahead, line);
            groups(c, UNROLLED, x, rows, scales, sums, bytes);
        });
        c.useUp(c.argument(5), () -> groups(c, 1, x, rows, scales, sums, bytes));
        for (int r = 0; r < FOUR; r++) c.storeFirst(c.sum(sums[r]), c.argument(6), 4 * r);
        return c.routine(halves ? "grouped_halves" : "grouped_bytes");
    }

    private static void groups(VectorCode c, int count, Gpr x, Gpr[] rows, Gpr scales, Value[][] sums, int bytes) {
        for (int g = 0; g < count; g++) {
            for (int i = 0; i < sums[0].length; i++) {
                Value first = c.load(x, 4 * GROUP * g + i * c.bytes()), second = c.load(x, 4 * GROUP * g + 4 * SIDE + i * c.bytes());
                for (int r = 0; r < FOUR; r++) {
                    int at = bytes * g + i * c.bytes() / 4;
                    Value both = c.ints.loadBytes(rows[r], at), low = bytes == GROUP ? both : c.ints.shiftLeft(both, SHIFT);
                    Value high = bytes == GROUP ? c.ints.loadBytes(rows[r], at + SIDE) : c.ints.shiftRight(both, 4);
                    Value products = c.fma(c.ints.toFloats(high), second, c.mul(c.ints.toFloats(low), first));
                    c.set(sums[r][i], c.fma(products, c.spread(scales, 4 * (r * PITCH + g)), sums[r][i]));
                }
            }
        }
        c.advance(x, 4 * GROUP * count);
        for (Gpr row : rows) c.advance(row, bytes * count);
        c.advance(scales, 4 * count);
    }
}
