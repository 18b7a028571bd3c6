package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.faithdiff.kernels.cpu.Native;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.CpuFeature;
import dev.faithdiff.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Rounding to BF16 in the layouts of products, against {@link DType#BF16}, on normal numbers, zeros and infinities. */
class FactorsTest {
    private static final float[] EDGES = {0, -0f, 1, 0x1.01p0f, 0x1.03p0f, 0x1.010002p0f, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY,
        Float.MAX_VALUE, Float.MIN_NORMAL};

    private final Random random = new Random(9);

    private float number(int i) {
        float some = Float.intBitsToFloat(random.nextInt());
        boolean normal = Float.isFinite(some) && Math.abs(some) >= Float.MIN_NORMAL;
        return i < EDGES.length ? EDGES[i] : normal ? some : 1;
    }

    private static int bf16(float x) {
        MemorySegment two = MemorySegment.ofArray(new byte[2]);
        DType.BF16.set(two, 0, x);
        return two.get(ValueLayout.JAVA_SHORT_UNALIGNED, 0) & 0xffff;
    }

    @Test void floatsAreRoundedInPlace() {
        float[] rows = new float[3 * STRIDE];
        for (int i = 0; i < rows.length; i++) rows[i] = number(i);
        float[] before = rows.clone();
        new RoundedFactors().round(rows, 0, 3, 77);
        for (int i = 0; i < rows.length; i++) {
            float expected = i % STRIDE < 77 ? Float.intBitsToFloat(bf16(before[i]) << 16) : before[i];
            assertThat(rows[i]).as("%s", before[i]).isEqualTo(expected);
        }
    }

    @Test void subnormalNumbersAreZero() {
        float[] rows = new float[STRIDE];
        for (int i = 0; i < 77; i++) rows[i] = -Float.MIN_NORMAL / (i + 2);
        new RoundedFactors().round(rows, 0, 1, 77);
        assertThat(rows).containsOnly(0f, -0f);
    }

    @Test void panelsArePairsOfRows() {
        assumeTrue(VecCode.isHere(), CpuFeature.line());
        for (int k : new int[] {1, 2, 7, 40}) {
            Matrix m = Native.random(random, DType.F32, k, WIDTH, WIDTH);
            for (int i = 0; i < k * WIDTH; i++) DType.F32.set(Vec.MEMORY, m.at(i / WIDTH, i % WIDTH), number(i));
            MemorySegment panel = Arena.ofAuto().allocate(4L * (k + 1) / 2 * WIDTH + 64, 64);
            new PairedFactors().roundPanel(m.address(), k, panel.address());
            for (int i = 0; i < (k + 1) / 2 * WIDTH; i++) {
                int row = 2 * (i / WIDTH), column = i % WIDTH;
                int low = bf16(Native.get(m, row, column)), high = row + 1 < k ? bf16(Native.get(m, row + 1, column)) : 0;
                assertThat(panel.getAtIndex(ValueLayout.JAVA_INT, i)).as("k " + k + ", " + i).isEqualTo(high << 16 | low);
            }
        }
    }
}
