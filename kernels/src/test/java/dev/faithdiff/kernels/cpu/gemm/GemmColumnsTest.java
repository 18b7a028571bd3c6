package dev.faithdiff.kernels.cpu.gemm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.cpu.Native;
import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.tensor.DType;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The product of columns against a plain loop in double, as C and as C^T. */
class GemmColumnsTest {
    private static final int[][] SHAPES = { // K, M, N
        {1, 1, 1}, {7, 13, 5}, {193, 37, 41}, {511, 12, 32}, {1030, 27, 33}, {2111, 3, 67}, {200, 300, 21}, {77, 29, 350}, {9001, 5, 7}
    };

    @Test void matchesAPlainLoop() {
        for (int[] s : SHAPES) {
            Random random = new Random(s[0]);
            Matrix a = Native.random(random, DType.F32, s[0], s[1], s[1] + 3), b = Native.random(random, DType.F16, s[0], s[2], s[2] + 5);
            double[] expected = new double[s[1] * s[2]], other = new double[s[1] * s[2]];
            for (int m = 0; m < s[1]; m++) {
                for (int n = 0; n < s[2]; n++) {
                    double sum = 0;
                    for (int k = 0; k < s[0]; k++) sum += (double) Native.get(a, k, m) * Native.get(b, k, n);
                    expected[m * s[2] + n] = other[n * s[1] + m] = sum;
                }
            }
            Matrix c = multiply(a, b, false), turned = multiply(a, b, true);
            double tolerance = 2e-6 * Math.sqrt(s[0]) + 1e-6;
            Native.assertClose(c, expected, tolerance, "K, M, N " + s[0] + ", " + s[1] + ", " + s[2]);
            Native.assertClose(turned, other, tolerance, "turned " + s[0] + ", " + s[1] + ", " + s[2]);
            assertThat(Native.surroundedByNaN(c) && Native.surroundedByNaN(turned)).as("writes only C").isTrue();
        }
    }

    @Test void isTheSameOnEveryThreadCount() {
        Random random = new Random(5);
        Matrix a = Native.random(random, DType.F32, 9000, 40, 40), b = Native.random(random, DType.F32, 9000, 30, 30);
        Matrix[] one = new Matrix[1];
        Parallel.run(2, i -> { if (i == 0) one[0] = multiply(a, b, false); });
        assertThat(Native.toArray(one[0])).isEqualTo(Native.toArray(multiply(a, b, false)));
    }

    private static Matrix multiply(Matrix a, Matrix b, boolean turned) {
        int m = a.columns(), n = b.columns();
        Matrix c = turned ? Native.filled(DType.F32, n, m, m + 2) : Native.filled(DType.F32, m, n, n + 2);
        new GemmColumns(a.rows(), Rows.of(a), m, Rows.of(b), n, turned, c).run();
        return c;
    }
}
