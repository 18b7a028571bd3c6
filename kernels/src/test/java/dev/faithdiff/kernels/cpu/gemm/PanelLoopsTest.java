package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.SIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.SUMS;
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
import java.util.Random;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Machine code against the Vector API: the same bits, and nothing written beside them. */
class PanelLoopsTest {
    private static final int[] LENGTHS = {1, 2, LANES - 1, LANES, LANES + 1, 3 * LANES, 4 * LANES + 3, 48, 77};

    private final Random random = new Random(7);

    @BeforeEach void needsEmittedCode() { assumeTrue(VecCode.isHere(), CpuFeature.line()); }

    @ParameterizedTest @EnumSource(names = {"F32", "F16", "BF16", "F8_E4M3"}) void widensAlike(DType dtype) {
        Matrix m = Native.random(random, dtype, 9, 100, 103);
        for (int depth : LENGTHS) arrays(WIDTH * STRIDE, (loops, to) -> loops.widen(m, 2, 5, 3, depth, to));
    }

    @Test void copiesAlike() {
        float[] numbers = floats(400);
        MemorySegment from = Arena.ofAuto().allocateFrom(DType.FLOAT, numbers), list = Arena.ofAuto().allocate(24L * LENGTHS.length);
        for (int i = 0, to = 1; i < LENGTHS.length; to += LENGTHS[i++] + 2) {
            Vec.setNumber(list.address(), 3 * i, from.address() + 12L * i);
            Vec.setNumber(list.address(), 3 * i + 1, 4L * to);
            Vec.setNumber(list.address(), 3 * i + 2, LENGTHS[i]);
        }
        arrays(400, (loops, to) -> loops.copy(list.address(), LENGTHS.length, to));
    }

    @Test void transposesAlike() {
        float[] rows = floats(WIDTH * STRIDE);
        for (int depth : LENGTHS) memory(WIDTH * (depth + 1), (loops, to) -> loops.transpose(rows, LANES * STRIDE + 1, depth, to + 4L * LANES));
    }

    @Test void copiesRowsAlike() {
        MemorySegment from = Arena.ofAuto().allocateFrom(DType.FLOAT, floats(20 * 70));
        for (int rows : LENGTHS) if (rows < 20) memory(WIDTH * (rows + 1), (loops, to) -> loops.copyRows(from.address() + 4, 280, rows, to));
    }

    @Test void addsDotProductsAlike() {
        float[] rows = floats(5 * STRIDE), others = floats(8 * STRIDE);
        for (int depth : LENGTHS) if (depth % SIDE == 0) memory(5 * 8 * SIDE + 8, (loops, to) -> loops.dots(rows, 5, others, 8, depth, to));
    }

    @ParameterizedTest @ValueSource(ints = {0, 1, 2, 3}) void storesAlike(int kind) {
        float[] sums = floats(SUMS), bias = kind % 2 == 0 ? null : floats(3 * WIDTH);
        for (int columns : LENGTHS) {
            if (columns > WIDTH) continue;
            memory(40 * 50, (loops, to) -> loops.store(sums.clone(), WIDTH, 11, columns, bias, WIDTH, kind > 1, to + 8, 40));
        }
    }

    @ParameterizedTest @ValueSource(ints = {0, 1, 2, 3}) void storesTransposedAlike(int kind) {
        float[] sums = floats(SUMS), bias = kind % 2 == 0 ? null : floats(60);
        for (int columns : LENGTHS) {
            if (columns > WIDTH) continue;
            for (int rows : new int[] {1, LANES, 2 * LANES + 5}) {
                memory(60 * 50, (loops, to) -> loops.storeTransposed(sums.clone(), WIDTH, rows, columns, bias, 3, kind > 1, to + 8, 50));
            }
        }
    }

    private void arrays(int length, BiConsumer<PanelLoops, float[]> work) {
        float[] expected = floats(length), actual = expected.clone(), before = expected.clone();
        work.accept(new PanelVector(), expected);
        work.accept(new PanelEmitted(), actual);
        assertThat(actual).isEqualTo(expected).isNotEqualTo(before);
    }

    private interface Work {
        void run(PanelLoops loops, long to);
    }

    private void memory(int floats, Work work) {
        float[] before = floats(floats);
        MemorySegment expected = Arena.ofAuto().allocateFrom(DType.FLOAT, before), actual = Arena.ofAuto().allocateFrom(DType.FLOAT, before);
        work.run(new PanelVector(), expected.address());
        work.run(new PanelEmitted(), actual.address());
        assertThat(actual.toArray(DType.FLOAT)).isEqualTo(expected.toArray(DType.FLOAT)).isNotEqualTo(before);
    }

    private float[] floats(int count) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) numbers[i] = (float) random.nextGaussian();
        return numbers;
    }
}
