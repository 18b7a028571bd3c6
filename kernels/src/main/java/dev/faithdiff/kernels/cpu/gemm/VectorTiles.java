package dev.faithdiff.kernels.cpu.gemm;

/** The micro-kernel on the Vector API, for every processor. */
record VectorTiles() implements MicroKernel {
    @Override public void tile(int rows, int depth, float[] a, int at, long panel, float[] add, int f, float[] to, int t) {
        if (rows > 6) Tile12x2.multiply(depth, a, at, panel, add, f, to, t);
        else Tile6x2.multiply(depth, a, at, panel, add, f, to, t);
    }

    @Override public void tileTransposed(int depth, float[] a, int at, long panel, float[] add, int f, float[] to, int t) {
        if (Panels.ROWS == 12) Tile12x2.multiplyTransposed(depth, a, at, panel, add, f, to, t);
        else Tile6x2.multiplyTransposed(depth, a, at, panel, add, f, to, t);
    }
}
