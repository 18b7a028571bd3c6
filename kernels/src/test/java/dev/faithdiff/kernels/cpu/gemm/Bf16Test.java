package dev.faithdiff.kernels.cpu.gemm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.cpu.Native;
import dev.faithdiff.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The product in BF16 against a plain loop in double over the rounded numbers: but for the rounding, it is as exact as F32. */
@Tag("full")
class Bf16Test {
    private static final int[][] SHAPES = { // M, N, K
        {5, 9, 1}, {6, 10, 2}, {13, 33, 3}, {7, 11, 31}, {12, 32, 64}, {29, 67, 521}, {97, 101, 103}, {33, 200, 1279}, {45, 91, 1300}, {200, 40, 2601}
    };

    @ParameterizedTest @EnumSource(names = {"F32", "F16", "BF16", "F8_E4M3"})
    void addsProductsOfRoundedNumbers(DType weights) {
        for (int[] s : SHAPES) {
            int m = s[0], n = s[1], k = s[2];
            Random random = new Random(m + n + k);
            Matrix a = Native.random(random, DType.F32, m, k, k + 3), w = Native.random(random, weights, n, k, k + 5);
            Matrix bias = Native.random(random, DType.F32, 1, n, n), c = Native.filled(DType.F32, m, n, n + 2);
            Gemm.multiply(Factors.BF16, a, w, true, bias, c, false);
            double[] x = rounded(a), y = rounded(w), expected = new double[m * n];
            for (int i = 0; i < expected.length; i++) {
                expected[i] = Native.get(bias, 0, i % n);
                for (int l = 0; l < k; l++) expected[i] += x[i / n * k + l] * y[i % n * k + l];
            }
            String name = m + "x" + n + "x" + k + " " + weights;
            Native.assertClose(c, expected, 2e-6 * Math.sqrt(k) + 1e-6, name);
            assertThat(Native.surroundedByNaN(c)).as(name + " writes only C").isTrue();
        }
    }

    private static double[] rounded(Matrix m) {
        double[] numbers = Native.toArray(m);
        MemorySegment one = Arena.ofAuto().allocate(2);
        for (int i = 0; i < numbers.length; i++) {
            DType.BF16.set(one, 0, (float) numbers[i]);
            numbers[i] = DType.BF16.get(one, 0);
        }
        return numbers;
    }
}
