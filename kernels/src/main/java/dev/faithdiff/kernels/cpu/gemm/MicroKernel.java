package dev.faithdiff.kernels.cpu.gemm;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.emit.CpuFeature;

/** One tile of a product, on one thread: to[t..] = add[f..] + A B, in the layout of {@link Panels}. A tile may be updated in place. */
interface MicroKernel {
    /**
     * The tile of {@code rows} rows of A, 1 to {@link Panels#ROWS}, from index {@code at} on, and a panel of B at an address. The rows of the
     * result from {@code rows} on are undefined.
     */
    void tile(int rows, int depth, float[] a, int at, long panel, float[] add, int f, float[] to, int t);

    /** A whole tile for A stored transposed: row r of column k is at index {@code at} + k * STRIDE + r. */
    void tileTransposed(int depth, float[] a, int at, long panel, float[] add, int f, float[] to, int t);

    /** The fastest one of F32 that this process may run. All of them add in the same order, so their results are the same to the last bit. */
    static MicroKernel f32() {
        boolean wide = Vec.LANES == 16 && CpuFeature.AVX512.isHere(), narrow = Vec.LANES == 8 && CpuFeature.AVX2.isHere();
        return wide || narrow ? EmittedTiles.f32() : new VectorTiles();
    }
}
