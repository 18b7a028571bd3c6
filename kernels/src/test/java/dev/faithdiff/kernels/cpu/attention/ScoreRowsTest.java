package dev.faithdiff.kernels.cpu.attention;

import static dev.faithdiff.kernels.cpu.gemm.Panels.BLOCK;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.SUMS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.CpuFeature;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Machine code against the Vector API: the same bits, and nothing written beside the rows. */
class ScoreRowsTest {
    private final ScoreRows vectors = new ScoreRowsVector(), emitted = new ScoreRowsEmitted();
    private final Random random = new Random(11);

    @Test void emittedLoopsAreThoseOfTheVectorApi() {
        assumeTrue(VecCode.isHere(), CpuFeature.line());
        float[] scores = floats(PackedHeads.SCORES), factors = floats(BLOCK);
        for (int i = 0; i < 200; i++) scores[random.nextInt(scores.length)] = i % 2 == 0 ? Float.NEGATIVE_INFINITY : Float.NaN;
        for (int rows : new int[] {1, 2, 7, BLOCK}) {
            for (int panels = 1; panels <= PackedHeads.SCORES / SUMS; panels++) {
                int n = panels;
                float[] max = same(loops -> {
                    MemorySegment to = copy(new float[BLOCK]);
                    loops.greatest(scores, rows, n, to.address());
                    return to.toArray(DType.FLOAT);
                });
                same(loops -> {
                    MemorySegment most = copy(max), sums = copy(factors);
                    float[] weights = new float[BLOCK * STRIDE];
                    loops.powers(scores, rows, n, most.address(), 0.3, weights, sums.address());
                    float[] all = Arrays.copyOf(weights, weights.length + BLOCK);
                    System.arraycopy(sums.toArray(DType.FLOAT), 0, all, weights.length, BLOCK);
                    return all;
                });
                same(loops -> {
                    MemorySegment by = copy(factors);
                    float[] y = scores.clone();
                    loops.scale(y, rows, n, by.address());
                    return y;
                });
            }
        }
    }

    @Test void canBeWrittenFor512Bits() {
        assumeTrue(VecCode.isHere(), CpuFeature.line());
        assertThat(ScoreRowsEmitted.greatest(new VectorCode(512))).isNotNull();
        assertThat(ScoreRowsEmitted.powers(new VectorCode(512))).isNotNull();
        assertThat(ScoreRowsEmitted.scale(new VectorCode(512))).isNotNull();
    }

    private float[] same(Function<ScoreRows, float[]> call) {
        float[] expected = call.apply(vectors);
        assertThat(Arrays.equals(call.apply(emitted), expected)).isTrue();
        return expected;
    }

    private static MemorySegment copy(float[] numbers) {
        return Arena.ofAuto().allocate(4L * numbers.length, 64).copyFrom(MemorySegment.ofArray(numbers));
    }

    private float[] floats(int count) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) numbers[i] = (float) random.nextGaussian();
        return numbers;
    }
}
