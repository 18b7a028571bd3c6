package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.Vec.ADDRESS;
import static dev.faithdiff.kernels.cpu.Vec.LE;
import static dev.faithdiff.kernels.cpu.Vec.MEMORY;
import static dev.faithdiff.tensor.op.GroupedLinearOp.GROUP;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;

import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link GroupedInt8} on the Vector API, which has no products of bytes: x is whole numbers of 32 bits, in planes, one for each number of 8 or 4 bits
 * in 32 bits of a row of the weight.
 */
public final class GroupedLinearInt8Vector implements GroupedInt8 {
    /** Sums of a vector, and floats of a block: those of the planes, and scales. */
    private static final int FOURS = 8, SIZE = BLOCK * (GROUP + 1);
    private static final VectorShape SHAPE = VectorShape.forBitSize(Math.min(32 * FOURS, Vec.bits()));
    private static final VectorSpecies<Float> F = VectorSpecies.of(float.class, SHAPE);
    private static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, SHAPE);
    private static final VectorMask<Float> UPPER = VectorMask.fromLong(F, 0xf0);
    private static final ThreadLocal<MemorySegment> SUMS = ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(4L * FOURS, 64));

    @Override public int room(GroupedRows weight) { return GroupedInt8.blocks(weight) * SIZE; }

    /** Zeros for the groups that fill up the last block. */
    @Override public void scales(GroupedRows weight, int row, long to) {
        GroupedInt8.super.scales(weight, row, to);
        int groups = weight.groups(), more = GroupedInt8.blocks(weight) * BLOCK - groups;
        for (int r = 0; r < FOUR; r++) Copy.zero(to + 4L * (r * PITCH + groups), 4L * more);
    }

    @Override public void prepareBlocks(long x, int blocks, boolean halves, long to) {
        for (int block = 0; block < blocks; block++, to += 4L * SIZE) {
            for (int g = 0; g < BLOCK; g++, x += 4L * GROUP) {
                int greatest = 0; // as a whole number, so that what is no number is the greatest
                for (int i = 0; i < GROUP; i++) greatest = Math.max(greatest, Float.floatToRawIntBits(Vec.get(x + 4L * i)) & 0x7fffffff);
                float most = Float.intBitsToFloat(greatest), factor = most < LEAST ? 0 : 127 / most;
                Vec.set(to + 4L * (BLOCK * GROUP + g), most < LEAST ? 0 : Math.fma(most, 0f, most / 127));
                for (int i = 0; i < GROUP; i++) {
                    int number = (byte) Float.floatToRawIntBits(Math.fma(Vec.get(x + 4L * i), factor, ROUND));
                    MEMORY.set(DType.INT, to + 4L * (halves ? placeOfHalf(g, i) : (4 * g + i % 4) * FOURS + i / 4), number);
                }
            }
        }
    }

    private static int placeOfHalf(int group, int number) {
        int inByte = number / (GROUP / 2), at = number % (GROUP / 2);
        return (group / 2 * 8 + at % 4 * 2 + inByte) * FOURS + group % 2 * 4 + at / 4;
    }

    @Override public void blocks(GroupedRows weight, long x, int row, long scales, long to) {
        long sums = SUMS.get().address();
        int blocks = weight.groups() / BLOCK;
        for (int r = 0; r < FOUR; r++) {
            for (int i = 0; i < FOURS; i += F.length()) {
                long values = weight.row(row + r) + 4L * i, s = scales + 4L * r * PITCH;
                FloatVector sum = weight.halves() ? halves(blocks, values, x, i, s) : bytes(blocks, values, x, i, s);
                sum.intoMemorySegment(MEMORY, sums + 4L * i & ADDRESS, LE);
            }
            Vec.set(to + 4L * r, byHalves(sums));
        }
    }

    private static float byHalves(long at) { return fours(at) + fours(at + 8) + (fours(at + 4) + fours(at + 12)); }

    /** Two sums of a vector that are four apart. */
    private static float fours(long at) { return Vec.get(at) + Vec.get(at + 16); }

    private static FloatVector halves(int blocks, long values, long x, int i, long scales) {
        FloatVector sum = FloatVector.zero(F);
        for (int b = 0; b < blocks; b++, x += 4L * SIZE) {
            for (int g = 0; g < BLOCK; g += 2, values += GROUP, scales += 8) {
                IntVector all = ints(values), whole = IntVector.zero(I);
                long plane = x + 4L * (g * GROUP + i), own = x + 4L * (BLOCK * GROUP + g);
                for (int p = 0; p < 8; p++) whole = whole.add(all.lanewise(LSHL, 28 - 4 * p).lanewise(ASHR, 28).mul(ints(plane + 4L * FOURS * p)));
                FloatVector low = scale(scales, own), high = scale(scales + 4, own + 4);
                sum = floats(whole).fma(F.length() == FOURS ? low.blend(high, UPPER) : i == 0 ? low : high, sum);
            }
        }
        return sum;
    }

    private static FloatVector bytes(int blocks, long values, long x, int i, long scales) {
        FloatVector sum = FloatVector.zero(F);
        for (int b = 0; b < blocks; b++, x += 4L * SIZE) {
            for (int g = 0; g < BLOCK; g++, values += GROUP, scales += 4) {
                IntVector all = ints(values), whole = IntVector.zero(I);
                long plane = x + 4L * (g * GROUP + i), own = x + 4L * (BLOCK * GROUP + g);
                for (int p = 0; p < 4; p++) whole = whole.add(all.lanewise(LSHL, 24 - 8 * p).lanewise(ASHR, 24).mul(ints(plane + 4L * FOURS * p)));
                sum = floats(whole).fma(scale(scales, own), sum);
            }
        }
        return sum;
    }

    private static FloatVector scale(long weight, long x) { return FloatVector.broadcast(F, Vec.get(weight) * Vec.get(x)); }

    private static IntVector ints(long at) { return IntVector.fromMemorySegment(I, MEMORY, at & ADDRESS, LE); }

    private static FloatVector floats(IntVector v) { return (FloatVector) v.convertShape(I2F, F, 0); }
}
