package dev.faithdiff.kernels.cpu.gemm;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.emit.Assembler;
import dev.faithdiff.kernels.cpu.emit.CpuFeature;

/**
 * The micro-kernel of BF16 as machine code: each 32 bits of the operands are two neighbours along K, as {@link Bf16Pairs} packs them, and the sums
 * are F32. It does the work of two steps in the time of one.
 */
record EmittedBf16() implements MicroKernel {
    /** Written when it is first called: asking whether it is here must write nothing. */
    private static final class Code {
        private static final EmittedTiles TILES = EmittedTiles.of("bf16", Assembler::vdpbf16ps);
    }

    static boolean isHere() { return Vec.LANES == 16 && CpuFeature.AVX512_BF16.isHere(); }

    @Override public void tiles(int rows, int depth, float[] a, int at, long panel, float[] add, int f, int step, float[] to, int t) {
        Code.TILES.tiles(rows, depth, a, at, panel, add, f, step, to, t);
    }

    @Override public int unpackedRows() { return Code.TILES.unpackedRows(); }

    @Override public void unpacked(int rows, int depth, long a, long stride, long panel, float[] add, int f, int step, float[] to, int t) {
        Code.TILES.unpacked(rows, depth, a, stride, panel, add, f, step, to, t);
    }
}
