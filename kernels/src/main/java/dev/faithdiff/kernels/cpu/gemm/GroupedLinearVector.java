package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.SIDE;
import static dev.faithdiff.tensor.op.GroupedLinearOp.GROUP;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;

import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.Vec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/** {@link GroupedDots} on the Vector API. */
public final class GroupedLinearVector implements GroupedDots {
    private static final ThreadLocal<MemorySegment> SUMS = ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(4L * SIDE, 64));

    @Override public void prepare(GroupedRows weight, long x, long to) { Copy.bytes(x, to, 4L * weight.columns()); }

    @Override public void four(GroupedRows weight, long x, int row, long scales, long to) {
        MemorySegment own = SUMS.get();
        for (int r = 0; r < FOUR; r++) {
            for (int i = 0; i < SIDE; i += LANES) {
                long values = weight.row(row + r), s = scales + 4L * r * PITCH;
                FloatVector sum = weight.halves() ? halves(weight.groups(), values, i, x, s) : bytes(weight.groups(), values, i, x, s);
                Vec.store(sum, own.address() + 4L * i);
            }
            Vec.set(to + 4L * r, Vec.sumSide(own.address()));
        }
    }

    private static FloatVector halves(int groups, long values, int i, long x, long scales) {
        FloatVector sum = FloatVector.zero(F);
        for (int g = 0; g < groups; g++, values += SIDE, x += 4L * GROUP, scales += 4) {
            IntVector both = GroupedRows.ints(values, i);
            FloatVector low = GroupedRows.floats(both.lanewise(LSHL, 28).lanewise(ASHR, 28)), high = GroupedRows.floats(both.lanewise(ASHR, 4));
            sum = added(low, high, x + 4L * i, scales, sum);
        }
        return sum;
    }

    private static FloatVector bytes(int groups, long values, int i, long x, long scales) {
        FloatVector sum = FloatVector.zero(F);
        for (int g = 0; g < groups; g++, values += GROUP, x += 4L * GROUP, scales += 4) {
            FloatVector low = GroupedRows.floats(GroupedRows.ints(values, i)), high = GroupedRows.floats(GroupedRows.ints(values + SIDE, i));
            sum = added(low, high, x + 4L * i, scales, sum);
        }
        return sum;
    }

    private static FloatVector added(FloatVector low, FloatVector high, long x, long scale, FloatVector sum) {
        FloatVector products = high.fma(Vec.load(x + 4L * SIDE), low.mul(Vec.load(x)));
        return products.fma(FloatVector.broadcast(F, Vec.get(scale)), sum);
    }
}
