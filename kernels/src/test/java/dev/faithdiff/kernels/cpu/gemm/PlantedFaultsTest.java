package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.gemm.Panels.ROWS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.emit.ImitatedAvx512;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The imitated processor notices faults: routines for 512 bits are run again with one instruction changed at a time, and then give another result or
 * fail. Changed are registers, operands that are taken for each other, masks, and numbers such as those of shifts.
 */
class PlantedFaultsTest {
    /** Changes an instruction with an EVEX prefix, at the beginning of an array, or says that it has nothing of the kind. */
    private enum Fault {
        /** The first operand's register is another one. */
        REGISTER {
            @Override boolean plant(byte[] i) {
                if (!ORDERED.contains(i[4] & 0xff) && !EVEN.contains(i[4] & 0xff)) return false;
                i[2] ^= 8;
                return true;
            }
        },
        /** Two operands are taken for each other, where that matters. */
        SWAPPED {
            @Override boolean plant(byte[] i) {
                if (!ORDERED.contains(i[4] & 0xff) || (i[5] & 0xc0) != 0xc0) return false;
                int first = ~i[2] >> 3 & 15 | (~i[3] & 8) << 1, last = i[5] & 7 | (~i[1] & 0x20) >> 2 | (~i[1] & 0x40) >> 2;
                if (first == last) return false;
                i[2] = (byte) (i[2] & ~0x78 | (~last & 15) << 3);
                i[3] = (byte) (i[3] & ~8 | (~last & 16) >> 1);
                i[5] = (byte) (i[5] & ~7 | first & 7);
                i[1] = (byte) (i[1] & ~0x60 | (~first & 8) << 2 | (~first & 16) << 2);
                return true;
            }
        },
        /** Where there is a mask, it is another one. */
        MASK {
            @Override boolean plant(byte[] i) {
                if ((i[3] & 7) == 0) return false;
                i[3] ^= 4;
                return true;
            }
        },
        /** A number at the end is another one. */
        NUMBER {
            @Override boolean plant(byte[] i) {
                if (!NUMBERED.contains(i[4] & 0xff)) return false;
                i[i.length - 1] ^= 1;
                return true;
            }
        };

        private static final Set<Integer> ORDERED = Set.of(0x5c, 0x5e, 0xfa, 0x6b, 0x63, 0x36, 0x50), NUMBERED = Set.of(0x72, 0x23, 0x04);
        private static final Set<Integer> EVEN = Set.of(0x54, 0x56, 0x57, 0x59, 0xfe, 0x3d, 0x98, 0xa8, 0xb8);

        abstract boolean plant(byte[] instruction);
    }

    private final Random random = new Random(3);

    @BeforeEach void panelsHaveTheWidthOf512Bits() { assumeTrue(Vec.LANES == 16, "they are narrower here"); }

    private MemorySegment floats(int count) {
        MemorySegment to = Arena.global().allocate(4L * count, 64);
        for (int i = 0; i < count; i++) to.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
        return to;
    }

    private MemorySegment ints(int count, int most) {
        MemorySegment to = Arena.global().allocate(4L * count, 64);
        for (int i = 0; i < count; i++) to.setAtIndex(ValueLayout.JAVA_INT, i, random.nextInt(-most, most));
        return to;
    }

    private static MemorySegment zeros(int count) { return Arena.global().allocate(4L * count, 64); }

    @Test void inTilesOfBytes() {
        int depth = 18; // one round of 16 steps, and two steps
        MemorySegment a = ints(ROWS * STRIDE, 1 << 30), panel = ints(depth * WIDTH, 1 << 30), add = ints(ROWS * WIDTH, 1 << 20);
        check(EmittedTiles.code(ROWS, EmittedInt8::multiply).toArray(), ROWS * WIDTH, to -> List.<Object[]>of(new Object[] {
            a.address(), 0, panel.address(), depth, add.address(), 0, to.address(), 0, 1, 0, 4 * STRIDE}));
    }

    /** Rows with the greatest number at each place, and one that is nearly zero. */
    @Test void whereBytesAreMade() {
        VectorCode c = new VectorCode(512);
        MemorySegment rows = floats(129 * 128), order = c.ints.byteOrder();
        for (int i = 0; i < 128; i++) rows.setAtIndex(ValueLayout.JAVA_FLOAT, 128 * i + i, 5);
        for (int i = 0; i < 128; i++) rows.setAtIndex(ValueLayout.JAVA_FLOAT, 128 * 128 + i, i * 0x1p-110f);
        check(bytes(PackedBytes.bytes(c)), 129 * 34, to -> IntStream.range(0, 129).mapToObj(r -> {
            long row = rows.address() + 512 * r, at = to.address() + 136 * r;
            return new Object[] {row, 0, 2, at, at + 128, at + 132, order.address(), 0};
        }).toList());
    }

    @Test void whereBytesAreRaised() {
        MemorySegment from = ints(2 * STRIDE, 1 << 30);
        check(bytes(PackedBytes.raise(new VectorCode(512))), 2 * STRIDE, to -> {
            to.copyFrom(from);
            return List.<Object[]>of(new Object[] {to, to, 21, 2, 0, 0, 0, 0});
        });
    }

    @Test void whereSumsAreScaled() {
        MemorySegment from = ints(5 * 32, 1 << 20), rows = floats(5), columns = floats(32);
        MemorySegment rowOffsets = ints(5, 1 << 20), columnOffsets = ints(32, 1 << 20);
        check(bytes(PackedBytes.floats(new VectorCode(512))), 5 * 32, to -> {
            to.copyFrom(from);
            return List.<Object[]>of(new Object[] {to, to, 5, rows.address(), rowOffsets.address(), 0, columns.address(), columnOffsets.address()});
        });
    }

    /** Numbers half way between two of BF16, infinities, and numbers that round to them, among others. */
    @Test void whereRowsArePaired() {
        MemorySegment from = floats(3 * 64);
        for (int i = 0; i < 3 * 64; i += 3) {
            int[] odd = {0x3f800000 + 0x8000 * (i / 6 + 1), 0x7f800000, 0x7f7fffff, 0xffffffff};
            from.setAtIndex(ValueLayout.JAVA_INT, i, odd[i / 3 % 4]);
        }
        check(bytes(PairedFactors.panel(new VectorCode(512))), 3 * 32, to -> List.<Object[]>of(new Object[] {
            from.address(), to.address(), 3, 0, 0, 0, 0, 0}));
    }

    private static byte[] bytes(Routine r) { return r.code().toArray(ValueLayout.JAVA_BYTE); }

    /** @param calls the arguments of calls that write {@code count} numbers of 32 bits */
    private static void check(byte[] code, int count, Function<MemorySegment, List<Object[]>> calls) {
        int[] starts = ImitatedAvx512.starts(code), right = run(code, count, calls);
        List<String> unnoticed = new ArrayList<>();
        int planted = 0;
        for (int i = 0; i < starts.length - 1; i++) {
            if (code[starts[i]] != 0x62) continue;
            for (Fault fault : Fault.values()) {
                byte[] one = Arrays.copyOfRange(code, starts[i], starts[i + 1]);
                if (!fault.plant(one)) continue;
                byte[] wrong = code.clone();
                System.arraycopy(one, 0, wrong, starts[i], one.length);
                planted++;
                if (!isNoticed(wrong, count, calls, right)) unnoticed.add(fault + " at " + starts[i]);
            }
        }
        assertThat(unnoticed).as("of %d faults", planted).isEmpty();
        assertThat(planted).isPositive();
    }

    private static boolean isNoticed(byte[] code, int count, Function<MemorySegment, List<Object[]>> calls, int[] right) {
        try {
            return !Arrays.equals(run(code, count, calls), right);
        } catch (AssertionError | RuntimeException e) {
            return true;
        }
    }

    private static int[] run(byte[] code, int count, Function<MemorySegment, List<Object[]>> calls) {
        MemorySegment to = zeros(count), memory = Arena.global().allocate(code.length).copyFrom(MemorySegment.ofArray(code));
        for (Object[] own : calls.apply(to)) ImitatedAvx512.run(Stream.concat(Stream.of(memory), Stream.of(own)).toArray());
        return to.toArray(ValueLayout.JAVA_INT);
    }
}
