package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.Vec.SIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.BLOCK;
import static dev.faithdiff.kernels.cpu.gemm.Panels.DEPTH;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;

import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Vec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The product with a weight [N, K] for small M or N: dot products of rows, which need no packing.
 *
 * <p>With few rows of A the weight is read once, at the speed of memory. With few rows of the weight, tiles would be mostly padding.
 */
final class GemmDots {
    /** Up to these sizes dot products are faster. */
    private static final int FEW_ROWS = 4, FEW_COLUMNS = 8;

    private record Scratch(float[] a, float[] w, MemorySegment sums) {}

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(
            () -> new Scratch(new float[BLOCK * STRIDE], new float[BLOCK * STRIDE], Arena.ofAuto().allocate(4L * BLOCK * FEW_COLUMNS * SIDE, 64)));

    private GemmDots() {}

    static boolean suits(int m, int n) { return m <= FEW_ROWS || n <= FEW_COLUMNS; }

    static void multiply(Rows a, Rows w, int k, float[] bias, Matrix c, boolean accumulate) {
        int m = c.rows(), n = c.columns();
        boolean flat = m <= FEW_ROWS;
        Parallel.run(Math.ceilDiv(flat ? n : m, BLOCK), task -> {
            int from = task * BLOCK, size = Math.min(BLOCK, (flat ? n : m) - from);
            if (flat) block(a, 0, m, w, from, size, k, bias, c, accumulate);
            else block(a, from, size, w, 0, n, k, bias, c, accumulate);
        });
    }

    private static void block(Rows a, int row, int rows, Rows w, int column, int columns, int inner, float[] bias, Matrix c,
            boolean accumulate) {
        Scratch s = SCRATCH.get();
        int width = roundUp(columns, 4);
        Copy.zero(s.sums.address(), 4L * rows * width * SIDE);
        Arrays.fill(s.w, columns * STRIDE, width * STRIDE, 0);
        for (int k = 0; k < inner; k += DEPTH) {
            int depth = Math.min(DEPTH, inner - k);
            a.pack(row, rows, k, depth, s.a);
            w.pack(column, columns, k, depth, s.w);
            padColumns(s.a, rows, depth);
            padColumns(s.w, columns, depth);
            PanelLoops.FASTEST.dots(s.a, rows, s.w, width, roundUp(depth, SIDE), s.sums.address());
        }
        store(s.sums.address(), row, rows, column, columns, width, bias, c, accumulate);
    }

    private static int roundUp(int size, int unit) { return (size + unit - 1) / unit * unit; }

    private static void padColumns(float[] rows, int count, int depth) {
        int padded = roundUp(depth, SIDE);
        if (padded > depth) for (int r = 0; r < count; r++) Arrays.fill(rows, r * STRIDE + depth, r * STRIDE + padded, 0);
    }

    private static void store(long sums, int row, int rows, int column, int columns, int width, float[] bias, Matrix c,
            boolean accumulate) {
        for (int r = 0; r < rows; r++) {
            for (int o = 0; o < columns; o++) {
                float v = sum(sums + 4L * (r * width + o) * SIDE);
                long to = c.at(row + r, column + o);
                if (bias != null) v += bias[column + o];
                Vec.set(to, accumulate ? v + Vec.get(to) : v);
            }
        }
    }

    private static float sum(long lanes) {
        float even = 0, odd = 0;
        for (int i = 0; i < SIDE; i += 2) {
            even += Vec.get(lanes + 4L * i);
            odd += Vec.get(lanes + 4L * i + 4);
        }
        return even + odd;
    }
}
