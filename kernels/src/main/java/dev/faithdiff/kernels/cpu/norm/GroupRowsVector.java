package dev.faithdiff.kernels.cpu.norm;

import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.kernels.cpu.Vec;
import jdk.incubator.vector.FloatVector;

/** {@link GroupRows} on the Vector API. */
record GroupRowsVector() implements GroupRows {
    private static final int ROWS = 4; // rows at a time, which share the loads of the factors

    @Override public void sum(long x, int rows, int row, int n, long sums) {
        int r = 0;
        for (; r <= rows - 4; r += 4, x += 16L * row) sumFour(x, 4L * row, n, sums);
        for (; r < rows; r++, x += 4L * row) sumOne(x, n, sums);
    }

    private static void sumFour(long x, long step, int n, long sums) {
        for (int i = 0; i < n; i += LANES, x += 4 * LANES) {
            FloatVector a = Vec.load(x).add(Vec.load(x + step)), b = Vec.load(x + 2 * step).add(Vec.load(x + 3 * step));
            Vec.store(Vec.load(sums + 4L * i).add(a.add(b)), sums + 4L * i);
        }
    }

    private static void sumOne(long x, int n, long sums) {
        for (int i = 0; i < n; i += LANES) Vec.store(Vec.load(sums + 4L * i).add(Vec.load(x + 4L * i)), sums + 4L * i);
    }

    @Override public void moments(long x, int rows, int row, int n, long places) {
        long estimate = places + 4L * row, squares = places + 8L * row;
        int r = 0;
        for (; r <= rows - 4; r += 4, x += 16L * row) momentsOfFour(x, 4L * row, n, estimate, places, squares);
        for (; r < rows; r++, x += 4L * row) momentsOfOne(x, n, estimate, places, squares);
    }

    private static void momentsOfFour(long x, long step, int n, long estimate, long sums, long squares) {
        for (int i = 0; i < n; i += LANES, x += 4 * LANES) {
            FloatVector m = Vec.load(estimate + 4L * i);
            FloatVector a = Vec.load(x).sub(m), b = Vec.load(x + step).sub(m);
            FloatVector c = Vec.load(x + 2 * step).sub(m), d = Vec.load(x + 3 * step).sub(m);
            Vec.store(Vec.load(sums + 4L * i).add(a.add(b).add(c.add(d))), sums + 4L * i);
            FloatVector ab = a.fma(a, b.mul(b)), cd = c.fma(c, d.mul(d));
            Vec.store(Vec.load(squares + 4L * i).add(ab.add(cd)), squares + 4L * i);
        }
    }

    private static void momentsOfOne(long x, int n, long estimate, long sums, long squares) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector d = Vec.load(x + 4L * i).sub(Vec.load(estimate + 4L * i));
            Vec.store(Vec.load(sums + 4L * i).add(d), sums + 4L * i);
            Vec.store(d.fma(d, Vec.load(squares + 4L * i)), squares + 4L * i);
        }
    }

    @Override public void apply(long x, int rows, int row, int n, long factors, boolean silu, long y) {
        for (int r = 0; r < rows; r += ROWS) {
            int end = Math.min(ROWS, rows - r) * row;
            long at = 4L * r * row;
            if (silu) silu(x + at, end, row, n, factors, y + at);
            else affine(x + at, end, row, n, factors, y + at);
        }
    }

    private static void affine(long x, int end, int row, int n, long factors, long y) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector m = Vec.load(factors + 4L * i), a = Vec.load(factors + 4L * (row + i)), b = Vec.load(factors + 4L * (2 * row + i));
            for (int j = i; j < end; j += row) Vec.store(Vec.load(x + 4L * j).sub(m).fma(a, b), y + 4L * j);
        }
    }

    private static void silu(long x, int end, int row, int n, long factors, long y) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector m = Vec.load(factors + 4L * i), a = Vec.load(factors + 4L * (row + i)), b = Vec.load(factors + 4L * (2 * row + i));
            for (int j = i; j < end; j += row) Vec.store(Vec.silu(Vec.load(x + 4L * j).sub(m).fma(a, b)), y + 4L * j);
        }
    }
}
