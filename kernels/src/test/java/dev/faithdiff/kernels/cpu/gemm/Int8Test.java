package dev.faithdiff.kernels.cpu.gemm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.cpu.Native;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The product in bytes against plain loops over whole numbers, to the same bits in both forms. */
class Int8Test {
    private static final int[][] SHAPES = { // M, N, K
        {5, 9, 1}, {6, 10, 3}, {13, 33, 4}, {7, 11, 31}, {12, 32, 64}, {29, 67, 521}, {33, 200, 1279}, {45, 91, 2600}, {200, 40, 2601}
    };

    static Stream<ByteFactors> forms() {
        return EmittedInt8.isHere() ? Stream.of(new PackedBytes(), new SpreadBytes()) : Stream.of(new SpreadBytes());
    }

    @ParameterizedTest @MethodSource("forms") void addsProductsOfBytes(ByteFactors form) {
        for (int[] s : SHAPES) {
            int m = s[0], n = s[1], k = s[2];
            Random random = new Random(m + n + k);
            Matrix x = Native.random(random, DType.F32, m, k, k), wide = Native.random(random, DType.F16, n, k, k + 1), bytes = bytes(random, n, k);
            Matrix bias = Native.random(random, DType.F32, 1, n, n), scales = Native.random(random, DType.F32, 1, n, n);
            try (ByteRows a = ByteRows.round(form, x, false); ByteRows w = ByteRows.round(form, wide, true);
                    ByteRows stored = ByteRows.of(bytes, scales.address())) {
                check(form, a, rounded(x), w, rounded(wide), bias, m, n);
                check(form, a, rounded(x), stored, new Rounded(whole(bytes), floats(scales)), bias, m, n);
            }
        }
    }

    /** Numbers as bytes, row by row, and the rows' scales. */
    private record Rounded(long[][] bytes, float[] scales) {}

    private static void check(ByteFactors form, ByteRows a, Rounded x, ByteRows w, Rounded y, Matrix bias, int m, int n) {
        Matrix c = Native.filled(DType.F32, m, n, n + 2);
        Gemm.multiply(form, a, w, bias, c);
        for (int i = 0; i < m * n; i++) {
            long sum = 0;
            long[] p = x.bytes[i / n], q = y.bytes[i % n];
            for (int k = 0; k < p.length; k++) sum += p[k] * q[k];
            float expected = (float) sum * (x.scales[i / n] * y.scales[i % n]) + Native.get(bias, 0, i % n);
            assertThat(Native.get(c, i / n, i % n)).as("%d x %d x %d, element %d", m, n, x.bytes[0].length, i).isEqualTo(expected);
        }
        assertThat(Native.surroundedByNaN(c)).as("writes only C").isTrue();
    }

    private static Rounded rounded(Matrix m) {
        Rounded to = new Rounded(new long[m.rows()][m.columns()], new float[m.rows()]);
        for (int r = 0; r < m.rows(); r++) {
            float most = 0;
            for (int k = 0; k < m.columns(); k++) most = Math.max(most, Math.abs(Native.get(m, r, k)));
            to.scales[r] = most / 127;
            for (int k = 0; k < m.columns(); k++) to.bytes[r][k] = (long) Math.rint(Native.get(m, r, k) * (double) (127 / most));
        }
        return to;
    }

    private static Matrix bytes(Random random, int n, int k) {
        Matrix m = Native.filled(DType.I8, n, k, k);
        for (int i = 0; i < n * k; i++) Vec.MEMORY.set(DType.BYTE, m.address() + i, (byte) random.nextInt());
        return m;
    }

    private static long[][] whole(Matrix m) {
        long[][] all = new long[m.rows()][m.columns()];
        for (int r = 0; r < m.rows(); r++) for (int k = 0; k < m.columns(); k++) all[r][k] = (long) Native.get(m, r, k);
        return all;
    }

    private static float[] floats(Matrix row) {
        float[] all = new float[row.columns()];
        for (int i = 0; i < all.length; i++) all[i] = Native.get(row, 0, i);
        return all;
    }

    /** The longest rows of the largest bytes just fit. */
    @ParameterizedTest @MethodSource("forms") void sumsDoNotOverflow(ByteFactors form) {
        int k = ByteFactors.LONGEST;
        Matrix x = Native.filled(DType.F32, 5, k, k), w = Native.filled(DType.I8, 9, k, k), scales = Native.filled(DType.F32, 1, 9, 9);
        for (int i = 0; i < 5 * k; i++) Vec.set(x.address() + 4L * i, i / k % 2 == 0 ? 127 : -127);
        for (int i = 0; i < 9 * k; i++) Vec.MEMORY.set(DType.BYTE, w.address() + i, (byte) (i / k % 2 == 0 ? -128 : 127));
        for (int i = 0; i < 9; i++) Vec.set(scales.address() + 4L * i, 1);
        Matrix c = Native.filled(DType.F32, 5, 9, 9);
        try (ByteRows a = ByteRows.round(form, x, false); ByteRows b = ByteRows.of(w, scales.address())) {
            Gemm.multiply(form, a, b, null, c);
        }
        for (int i = 0; i < 45; i++) {
            long sum = (i / 9 % 2 == 0 ? 127L : -127L) * (i % 9 % 2 == 0 ? -128 : 127) * k;
            assertThat(Native.get(c, i / 9, i % 9)).isEqualTo((float) sum);
        }
    }

    /** Rows of zeros and of numbers near zero give zeros, rows with what is no number give none, and the rows beside them are as ever. */
    @ParameterizedTest @MethodSource("forms") void rowsOfUnusualNumbers(ByteFactors form) {
        float[] odd = {0, Float.MIN_VALUE, 0x1p-101f, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.MAX_VALUE};
        int m = odd.length, n = 70, k = 100;
        Matrix x = Native.filled(DType.F32, m, k, k), w = Native.random(new Random(1), DType.F32, n, k, k), c = Native.filled(DType.F32, m, n, n);
        for (int i = 0; i < m * k; i++) Vec.set(x.address() + 4L * i, i % k == 41 ? odd[i / k] : 0);
        try (ByteRows a = ByteRows.round(form, x, false); ByteRows b = ByteRows.round(form, w, true)) {
            Gemm.multiply(form, a, b, null, c);
        }
        Rounded weight = rounded(w);
        for (int i = 0; i < m * n; i++) {
            float y = Native.get(c, i / n, i % n);
            if (i / n < 3) assertThat(y).isZero();
            else if (i / n < 6) assertThat(Float.isFinite(y)).as("row of %s", odd[i / n]).isFalse();
            else assertThat(y).isEqualTo(127 * weight.bytes[i % n][41] * (Float.MAX_VALUE / 127 * weight.scales[i % n]));
        }
    }

    @Test void refusesRowsThatCouldOverflow() {
        try (Scope _ = Scope.open()) {
            assertThat(LinearInt8.refusal(Tensor.empty(Device.CPU, DType.I8, Shape.of(1, ByteFactors.LONGEST)))).isNull();
            assertThat(LinearInt8.refusal(Tensor.empty(Device.CPU, DType.I8, Shape.of(1, ByteFactors.LONGEST + 1)))).contains("131072");
        }
    }
}
