package dev.faithdiff.kernels.cpu.gemm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.cpu.Native;
import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.tensor.DType;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The packed product against a plain loop in double. */
class GemmTest {
    private static final int[][] SHAPES = { // M, N, K
        {1, 1, 1}, {1, 1, 7}, {1, 37, 5}, {2, 3, 300}, {3, 64, 17}, {4, 129, 257}, {5, 1, 3}, {7, 11, 13}, {12, 32, 256},
        {13, 33, 257}, {11, 31, 255}, {24, 64, 512}, {29, 67, 521}, {77, 40, 130}, {96, 96, 96}, {97, 101, 103}, {193, 65, 31},
        {33, 200, 700}, {45, 91, 1300}, {200, 4, 90}, {64, 8, 300}
    };

    @Test void matchesAPlainLoop() {
        for (int[] s : SHAPES) {
            check(s[0], s[1], s[2], DType.F32, true, null, false, false);
            check(s[0], s[1], s[2], DType.F32, false, null, false, false);
        }
    }

    @Test void addsABiasAndAccumulates() {
        for (int[] s : SHAPES) {
            check(s[0], s[1], s[2], DType.F32, true, DType.F32, false, false);
            check(s[0], s[1], s[2], DType.F32, false, DType.F16, true, false);
            check(s[0], s[1], s[2], DType.F32, true, null, true, true);
        }
    }

    @ParameterizedTest @EnumSource(names = {"F16", "BF16", "F8_E4M3"})
    void widensNarrowWeights(DType dtype) {
        for (int[] s : SHAPES) {
            check(s[0], s[1], s[2], dtype, true, dtype, false, s[0] % 2 == 0);
            check(s[0], s[1], s[2], dtype, false, dtype, false, s[0] % 2 == 0);
        }
    }

    /** Slice by slice or packed whole, on either side: each sum is the same to the last bit. */
    @Tag("full")
    @Test void packsLargeOperandsSliceBySlice() {
        for (int[] s : new int[][] {{66, 132, 50000}, {66, 70, 50000}}) {
            Random random = new Random(s[1]);
            int m = s[0], n = s[1], k = s[2];
            Matrix a = Native.random(random, DType.F32, m, k, k), bias = Native.random(random, DType.F16, 1, n, n);
            Matrix weight = Native.random(random, DType.F32, n, k, k), plain = new Matrix(weight.address(), DType.F32, k, n, n);
            for (Matrix b : new Matrix[] {weight, plain}) {
                Matrix slices = Native.filled(DType.F32, m, n, n), whole = Native.filled(DType.F32, m, n, n);
                Gemm.multiply(a, b, b == weight, bias, slices, false);
                PackedB kept = PackedB.pack(b, b == weight, Arena.global().allocate(PackedB.bytes(k, n), 64));
                Gemm.multiply(a, kept, bias, whole, false);
                assertThat(Native.toArray(slices)).isEqualTo(Native.toArray(whole));
            }
        }
    }

    @Test void servesABatchFromInsideTasks() {
        Parallel.run(SHAPES.length, i -> {
            int[] s = SHAPES[i];
            check(s[0], s[1], s[2], DType.F32, i % 2 == 0, null, false, i % 3 == 0);
        });
    }

    @Test void isTheSameOnEveryThreadCount() {
        Random random = new Random(5);
        Matrix a = Native.random(random, DType.F32, 300, 700, 700), w = Native.random(random, DType.F16, 200, 700, 700);
        Matrix all = Native.filled(DType.F32, 300, 200, 200), one = Native.filled(DType.F32, 300, 200, 200);
        Gemm.multiply(a, w, true, null, all, false);
        Parallel.run(2, i -> { if (i == 0) Gemm.multiply(a, w, true, null, one, false); });
        assertThat(Native.toArray(one)).isEqualTo(Native.toArray(all));
    }

    static void check(int m, int n, int k, DType dtype, boolean transposed, DType biasType, boolean accumulate, boolean packed) {
        Random random = new Random(m * 31 + n * 7 + k);
        Matrix a = Native.random(random, DType.F32, m, k, k + 3);
        Matrix b = transposed ? Native.random(random, dtype, n, k, k + 5) : Native.random(random, dtype, k, n, n + 5);
        Matrix bias = biasType == null ? null : Native.random(random, biasType, 1, n, n);
        Matrix c = accumulate ? Native.random(random, DType.F32, m, n, n + 2) : Native.filled(DType.F32, m, n, n + 2);
        double[] expected = plain(a, b, transposed, bias, c, accumulate);

        if (packed) {
            PackedB kept = PackedB.pack(b, transposed, Arena.global().allocate(PackedB.bytes(k, n), 64));
            Gemm.multiply(a, kept, bias, c, accumulate);
        } else {
            Gemm.multiply(a, b, transposed, bias, c, accumulate);
        }

        String name = m + "x" + n + "x" + k + " " + dtype + (transposed ? "^T" : "") + " bias " + biasType
                + " accumulate " + accumulate;
        Native.assertClose(c, expected, 2e-6 * Math.sqrt(k) + 1e-6, name);
        assertThat(Native.surroundedByNaN(c)).as(name + " writes only C").isTrue();
    }

    private static double[] plain(Matrix a, Matrix b, boolean transposed, Matrix bias, Matrix c, boolean accumulate) {
        int m = c.rows(), n = c.columns(), k = a.columns();
        double[] x = Native.toArray(a), w = Native.toArray(b), y = accumulate ? Native.toArray(c) : new double[m * n];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = bias == null ? 0 : Native.get(bias, 0, j);
                for (int l = 0; l < k; l++) sum += x[i * k + l] * w[transposed ? j * k + l : l * n + j];
                y[i * n + j] += sum;
            }
        }
        return y;
    }
}
