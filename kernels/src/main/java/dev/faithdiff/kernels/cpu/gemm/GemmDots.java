package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.gemm.Panels.BLOCK;
import static dev.faithdiff.kernels.cpu.gemm.Panels.DEPTH;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;

import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Scratch;
import dev.faithdiff.kernels.cpu.ToFloat;
import dev.faithdiff.kernels.cpu.Vec;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * The product with a weight [N, K] for small M or N: dot products of rows, which need no packing.
 *
 * <p>With few rows of A the weight is read once, at the speed of memory. With few rows of the weight, tiles would be mostly padding.
 */
final class GemmDots {
    /** Up to these sizes dot products are faster. */
    private static final int FEW_ROWS = 4, FEW_COLUMNS = 8;

    private record Scratch(float[] a, float[] w, float[] sums) {}

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(
            () -> new Scratch(new float[BLOCK * STRIDE], new float[BLOCK * STRIDE], new float[BLOCK * FEW_COLUMNS * LANES]));

    private GemmDots() {}

    static boolean suits(int m, int n) { return m <= FEW_ROWS || n <= FEW_COLUMNS; }

    static void multiply(Rows a, Matrix w, float[] bias, Matrix c, boolean accumulate) {
        int m = c.rows(), n = c.columns();
        boolean flat = m <= FEW_ROWS;
        Parallel.run(Math.ceilDiv(flat ? n : m, BLOCK), task -> {
            int from = task * BLOCK, size = Math.min(BLOCK, (flat ? n : m) - from);
            if (flat) block(a, 0, m, w, from, size, bias, c, accumulate);
            else block(a, from, size, w, 0, n, bias, c, accumulate);
        });
    }

    private static void block(Rows a, int row, int rows, Matrix w, int column, int columns, float[] bias, Matrix c,
            boolean accumulate) {
        Scratch s = SCRATCH.get();
        int width = roundUp(columns, 4);
        Arrays.fill(s.sums, 0, rows * width * LANES, 0);
        Arrays.fill(s.w, columns * STRIDE, width * STRIDE, 0);
        for (int k = 0; k < w.columns(); k += DEPTH) {
            int depth = Math.min(DEPTH, w.columns() - k);
            a.pack(row, rows, k, depth, s.a);
            for (int r = 0; r < columns; r++) ToFloat.row(w.dtype(), w.at(column + r, k), depth, s.w, r * STRIDE);
            padColumns(s.a, rows, depth);
            padColumns(s.w, columns, depth);
            for (int r = 0; r < rows; r++) {
                for (int o = 0; o < width; o += 4) four(depth, s.a, r * STRIDE, s.w, o * STRIDE, s.sums, (r * width + o) * LANES);
            }
        }
        store(s.sums, row, rows, column, columns, width, bias, c, accumulate);
    }

    private static int roundUp(int size, int unit) { return (size + unit - 1) / unit * unit; }

    private static void padColumns(float[] rows, int count, int depth) {
        int padded = roundUp(depth, LANES);
        if (padded > depth) for (int r = 0; r < count; r++) Arrays.fill(rows, r * STRIDE + depth, r * STRIDE + padded, 0);
    }

    /** Adds the products of one row with four others to four vectors of partial sums. */
    private static void four(int depth, float[] a, int at, float[] w, int first, float[] sums, int to) {
        FloatVector c0 = FloatVector.fromArray(F, sums, to), c1 = FloatVector.fromArray(F, sums, to + LANES);
        FloatVector c2 = FloatVector.fromArray(F, sums, to + 2 * LANES), c3 = FloatVector.fromArray(F, sums, to + 3 * LANES);
        for (int k = 0; k < depth; k += LANES) {
            FloatVector x = FloatVector.fromArray(F, a, at + k);
            c0 = x.fma(FloatVector.fromArray(F, w, first + k), c0);
            c1 = x.fma(FloatVector.fromArray(F, w, first + k + STRIDE), c1);
            c2 = x.fma(FloatVector.fromArray(F, w, first + k + 2 * STRIDE), c2);
            c3 = x.fma(FloatVector.fromArray(F, w, first + k + 3 * STRIDE), c3);
        }
        c0.intoArray(sums, to);
        c1.intoArray(sums, to + LANES);
        c2.intoArray(sums, to + 2 * LANES);
        c3.intoArray(sums, to + 3 * LANES);
    }

    private static void store(float[] sums, int row, int rows, int column, int columns, int width, float[] bias, Matrix c,
            boolean accumulate) {
        for (int r = 0; r < rows; r++) {
            for (int o = 0; o < columns; o++) {
                float v = sum(sums, (r * width + o) * LANES);
                long to = c.at(row + r, column + o);
                if (bias != null) v += bias[column + o];
                Vec.set(to, accumulate ? v + Vec.get(to) : v);
            }
        }
    }

    private static float sum(float[] lanes, int at) {
        float even = 0, odd = 0;
        for (int i = 0; i < LANES; i += 2) {
            even += lanes[at + i];
            odd += lanes[at + i + 1];
        }
        return even + odd;
    }
}
