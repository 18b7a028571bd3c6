package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.gemm.Panels.ROWS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.SUMS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.faithdiff.kernels.cpu.emit.CpuFeature;
import dev.faithdiff.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Machine code against the Vector API: the same bits, and nothing written beside the tile. */
class MicroKernelTest {
    private static final int GUARD = 32;

    @Test void emittedTilesAreThoseOfTheVectorApi() {
        assumeTrue(EmittedF32.isHere(), CpuFeature.line());
        MicroKernel vectors = new VectorTiles(), emitted = new EmittedF32();
        Random random = new Random(3);
        for (int depth : new int[] {1, 2, 3, 4, 5, 7, 8, 17, 63, 64, 77, 512, 515, Panels.DEPTH}) {
            float[] a = floats(random, Panels.BLOCK * STRIDE), add = floats(random, SUMS + 5);
            MemorySegment panel = Arena.ofAuto().allocate(4L * depth * WIDTH, 64);
            for (int i = 0; i < depth * WIDTH; i++) panel.setAtIndex(DType.FLOAT, i, (float) random.nextGaussian());
            for (int rows = 1; rows <= 3 * ROWS; rows++) {
                int some = rows, steps = depth;
                check((k, to) -> k.tiles(some, steps, a, 3, panel.address(), add, 5, 0, to, GUARD), vectors, emitted, rows, depth);
                check((k, to) -> {
                    System.arraycopy(add, 0, to, GUARD, some * WIDTH);
                    k.tiles(some, steps, a, ROWS * STRIDE, panel.address(), to, GUARD, ROWS * WIDTH, to, GUARD);
                }, vectors, emitted, rows, depth);
            }
        }
    }

    private interface Call { void run(MicroKernel kernel, float[] to); }

    private static void check(Call call, MicroKernel vectors, MicroKernel emitted, int rows, int depth) {
        float[] expected = new float[SUMS + 2 * GUARD], actual = expected.clone();
        call.run(vectors, expected);
        call.run(emitted, actual);
        assertThat(Arrays.copyOf(actual, GUARD + rows * WIDTH)).as(rows + " rows, depth " + depth).isEqualTo(Arrays.copyOf(expected, GUARD + rows * WIDTH));
        assertThat(Arrays.copyOfRange(actual, GUARD + Panels.roundUp(rows) * WIDTH, actual.length)).containsOnly(0);
    }

    private static float[] floats(Random random, int count) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) numbers[i] = (float) random.nextGaussian();
        return numbers;
    }
}
