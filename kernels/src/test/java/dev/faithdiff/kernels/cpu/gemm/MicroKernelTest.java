package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.gemm.Panels.ROWS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.SUMS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.faithdiff.kernels.cpu.emit.CpuFeature;
import dev.faithdiff.kernels.cpu.emit.ImitatedProcessor;
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

    @Test void rowsWhereTheyLieGiveTheSame() {
        assumeTrue(EmittedF32.isHere(), CpuFeature.line());
        MicroKernel emitted = new EmittedF32();
        Random random = new Random(5);
        int rows = emitted.unpackedRows() * 3, stride = 77;
        for (int depth : new int[] {1, 15, 16, 33, stride}) {
            float[] a = floats(random, rows * STRIDE), add = floats(random, SUMS), packed = new float[SUMS], actual = new float[SUMS];
            MemorySegment panel = Arena.ofAuto().allocate(4L * depth * WIDTH, 64), where = Arena.ofAuto().allocate(4L * rows * stride, 4);
            for (int i = 0; i < depth * WIDTH; i++) panel.setAtIndex(DType.FLOAT, i, (float) random.nextGaussian());
            for (int r = 0; r < rows; r++) MemorySegment.copy(a, r * STRIDE, where, DType.FLOAT, 4L * r * stride, depth);
            emitted.tiles(rows, depth, a, 0, panel.address(), add, 0, ROWS * WIDTH, packed, 0);
            emitted.unpacked(rows, depth, where.address(), 4 * stride, panel.address(), add, 0, ROWS * WIDTH, actual, 0);
            assertThat(actual).as("depth " + depth).isEqualTo(packed);
        }
    }

    /** As Intel's manual has it, which the imitated processor does: two fused steps, the odd product first; no number here is subnormal. */
    @Test void emittedTilesOfBf16AddPairs() {
        assumeTrue(ImitatedProcessor.NAMED != null && EmittedBf16.isHere(), "bits are known of the imitated processor alone");
        Random random = new Random(4);
        for (int depth : new int[] {1, 4, 6, 33}) {
            float[] a = floats(random, 2 * ROWS * STRIDE), add = floats(random, SUMS), to = new float[SUMS];
            MemorySegment panel = Arena.ofAuto().allocate(4L * depth * WIDTH, 64);
            for (int i = 0; i < a.length; i++) a[i] = pair(random);
            for (int i = 0; i < depth * WIDTH; i++) panel.setAtIndex(DType.FLOAT, i, pair(random));
            new EmittedBf16().tiles(2 * ROWS, depth, a, 0, panel.address(), add, 0, ROWS * WIDTH, to, 0);
            for (int i = 0; i < 2 * ROWS * WIDTH; i++) {
                float sum = add[i];
                for (int k = 0; k < depth; k++) {
                    int x = Float.floatToRawIntBits(a[i / WIDTH * STRIDE + k]);
                    int y = Float.floatToRawIntBits(panel.getAtIndex(DType.FLOAT, k * WIDTH + i % WIDTH));
                    sum = Math.fma(Float.intBitsToFloat(x & 0xffff0000), Float.intBitsToFloat(y & 0xffff0000), sum);
                    sum = Math.fma(Float.intBitsToFloat(x << 16), Float.intBitsToFloat(y << 16), sum);
                }
                assertThat(to[i]).as("depth " + depth + ", element " + i).isEqualTo(sum);
            }
        }
    }

    /** Two BF16. */
    private static float pair(Random random) {
        int high = Float.floatToRawIntBits((float) random.nextGaussian()), low = Float.floatToRawIntBits((float) random.nextGaussian());
        return Float.intBitsToFloat(high & 0xffff0000 | low >>> 16);
    }

    private interface Call { void run(MicroKernel kernel, float[] to); }

    private static void check(Call call, MicroKernel vectors, MicroKernel emitted, int rows, int depth) {
        float[] expected = new float[SUMS + 2 * GUARD], actual = expected.clone();
        call.run(vectors, expected);
        call.run(emitted, actual);
        assertThat(Arrays.copyOf(actual, GUARD + rows * WIDTH)).as(rows + " rows, depth " + depth)
                .isEqualTo(Arrays.copyOf(expected, GUARD + rows * WIDTH));
        assertThat(Arrays.copyOfRange(actual, GUARD + Panels.roundUp(rows) * WIDTH, actual.length)).containsOnly(0);
    }

    private static float[] floats(Random random, int count) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) numbers[i] = (float) random.nextGaussian();
        return numbers;
    }
}
