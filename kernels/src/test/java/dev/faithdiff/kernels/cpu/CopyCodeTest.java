package dev.faithdiff.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.faithdiff.kernels.cpu.emit.CpuFeature;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CopyCodeTest {
    @ParameterizedTest @ValueSource(ints = {256, 512}) void routinesCanBeWritten(int bits) {
        assumeTrue(CpuFeature.AVX2.isHere(), CpuFeature.line());
        CopyCode.rows(new VectorCode(bits));
        for (DType dtype : List.of(DType.F32, DType.F16, DType.BF16, DType.F8_E4M3)) ToFloatCode.routine(new VectorCode(bits), dtype);
    }

    @ParameterizedTest @EnumSource(names = {"F32", "F16", "BF16", "F8_E4M3"}) void widensEveryNumberOfAType(DType dtype) {
        int count = 1 << 16;
        MemorySegment from = Arena.ofAuto().allocate(4L * count, 64);
        Random random = new Random(3);
        for (int i = 0; i < 2 * count; i++) from.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (dtype == DType.F32 ? random.nextInt() : i));
        for (int n : new int[] {1, 15, 16, 33, count}) {
            float[] to = new float[n + 5];
            ToFloat.row(dtype, from.address(), n, to, 3);
            int[] actual = new int[n], expected = new int[n]; // all that are no numbers count as one
            for (int i = 0; i < n; i++) {
                actual[i] = Float.floatToIntBits(to[3 + i]);
                expected[i] = Float.floatToIntBits(dtype.get(from, (long) i * dtype.bytes()));
            }
            assertThat(actual).isEqualTo(expected);
            assertThat(to[0] + to[2] + to[n + 3]).isZero();
        }
    }

    @Test void copiesRowsAndNothingBesideThem() {
        MemorySegment from = Arena.ofAuto().allocate(4 * 1000), to = Arena.ofAuto().allocate(4 * 1000);
        for (int i = 0; i < 1000; i++) from.setAtIndex(ValueLayout.JAVA_INT, i, i + 1);
        for (int floats = 1; floats < 50; floats++) {
            to.fill((byte) 0);
            Copy.rows(7, 4L * floats, from.address(), 4 * 60, to.address(), 4 * 70);
            for (int i = 0; i < 500; i++) {
                int row = i / 70, column = i % 70;
                assertThat(to.getAtIndex(ValueLayout.JAVA_INT, i)).isEqualTo(row < 7 && column < floats ? 60 * row + column + 1 : 0);
            }
        }
    }
}
