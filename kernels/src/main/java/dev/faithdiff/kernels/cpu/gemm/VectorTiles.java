package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.gemm.Panels.ROWS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

/** The micro-kernel of F32 on the Vector API, for every processor. */
record VectorTiles() implements MicroKernel {
    @Override public void tiles(int rows, int depth, float[] a, int at, long panel, float[] add, int f, int step, float[] to, int t) {
        for (int row = 0; row < rows; row += ROWS, at += ROWS * STRIDE, f += step, t += ROWS * WIDTH) {
            if (ROWS == 12 && rows - row > 6) Tile12x2.multiply(depth, a, at, panel, add, f, to, t);
            else Tile6x2.multiply(depth, a, at, panel, add, f, to, t);
        }
    }
}
