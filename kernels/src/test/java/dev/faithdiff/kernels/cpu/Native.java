package dev.faithdiff.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.faithdiff.kernels.cpu.gemm.Matrix;
import dev.faithdiff.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/** Matrices of random numbers in native memory for tests, surrounded by NaN so that a stray read or write shows. */
public final class Native {
    private static final int MARGIN = 16;

    private Native() {}

    /** Rows of numbers in -1..1, with {@code stride} elements from one to the next and NaN in between. */
    public static Matrix random(Random random, DType dtype, int rows, int columns, int stride) {
        Matrix m = filled(dtype, rows, columns, stride);
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) dtype.set(Vec.MEMORY, m.at(r, c), random.nextFloat() * 2 - 1);
        }
        return m;
    }

    /** Nothing but NaN. */
    public static Matrix filled(DType dtype, int rows, int columns, int stride) {
        long count = 2 * MARGIN + (long) rows * stride;
        MemorySegment memory = Arena.global().allocate(count * dtype.bytes(), 64);
        for (long i = 0; i < count; i++) dtype.set(memory, i * dtype.bytes(), Float.NaN);
        return Matrix.of(memory, (long) MARGIN * dtype.bytes(), dtype, rows, columns, stride);
    }

    public static float get(Matrix m, int row, int column) { return m.dtype().get(Vec.MEMORY, m.at(row, column)); }

    public static double[] toArray(Matrix m) {
        double[] a = new double[m.rows() * m.columns()];
        for (int i = 0; i < a.length; i++) a[i] = get(m, i / m.columns(), i % m.columns());
        return a;
    }

    /** Fails, naming the element, if one differs from the expected by more than the tolerance. */
    public static void assertClose(Matrix actual, double[] expected, double tolerance, String name) {
        for (int i = 0; i < expected.length; i++) {
            int row = i / actual.columns(), column = i % actual.columns();
            double a = get(actual, row, column);
            if (!(Math.abs(a - expected[i]) <= tolerance)) {
                assertThat(a).as("%s at [%d, %d]", name, row, column).isCloseTo(expected[i], within(tolerance));
            }
        }
    }

    /** True if nothing but the matrix itself was written: everything around it is still NaN. */
    public static boolean surroundedByNaN(Matrix m) {
        for (int i = 1; i <= MARGIN; i++) if (!Float.isNaN(get(m, 0, -i))) return false;
        for (int r = 0; r < m.rows(); r++) {
            for (int c = m.columns(); c < m.stride(); c++) if (!Float.isNaN(get(m, r, c))) return false;
        }
        for (int i = 0; i < MARGIN; i++) if (!Float.isNaN(get(m, m.rows() - 1, (int) m.stride() + i))) return false;
        return true;
    }
}
