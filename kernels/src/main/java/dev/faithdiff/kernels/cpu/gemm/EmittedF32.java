package dev.faithdiff.kernels.cpu.gemm;

import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Assembler;

/** The micro-kernel of F32 as machine code, for vectors of 256 and 512 bits. It adds in the order of {@link VectorTiles}, to the same bits. */
record EmittedF32() implements MicroKernel {
    /** Written when it is first called: asking whether it is here must write nothing. */
    private static final class Code {
        private static final EmittedTiles TILES = EmittedTiles.of("f32", Assembler::vfmadd231ps);
    }

    static boolean isHere() { return VecCode.isHere(); }

    @Override public void tiles(int rows, int depth, float[] a, int at, long panel, float[] add, int f, int step, float[] to, int t) {
        Code.TILES.tiles(rows, depth, a, at, panel, add, f, step, to, t);
    }

    @Override public int unpackedRows() { return Code.TILES.unpackedRows(); }

    @Override public void unpacked(int rows, int depth, long a, long stride, long panel, float[] add, int f, int step, float[] to, int t) {
        Code.TILES.unpacked(rows, depth, a, stride, panel, add, f, step, to, t);
    }
}
