package dev.faithdiff.kernels.cpu.gemm;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Assembler;
import dev.faithdiff.kernels.cpu.emit.CpuFeature;
import dev.faithdiff.kernels.cpu.emit.Simd;

/**
 * The micro-kernel of bytes as machine code: each 32 bits of the operands are four neighbours along K, those of the weight unsigned and the others
 * signed, and the sums are whole numbers of 32 bits. It does the work of four steps in the time of one.
 *
 * @param weights whether the rows are the weight's, and not the panels
 */
record EmittedInt8(boolean weights) implements MicroKernel {
    /** Written when it is first called: asking whether it is here must write nothing. */
    private static final class WeightRows {
        private static final EmittedTiles TILES = EmittedTiles.of("int8_weight_rows", EmittedInt8::multiply);
    }

    /** The same. */
    private static final class WeightPanels {
        private static final EmittedTiles TILES = EmittedTiles.of("int8_weight_panels", (to, sum, row, panel) -> multiply(to, sum, panel, row));
    }

    static boolean isHere() { return VecCode.isHere() && (Vec.LANES == 16 ? CpuFeature.AVX512_VNNI : CpuFeature.AVX_VNNI).isHere(); }

    @Override public void tiles(int rows, int depth, float[] a, int at, long panel, float[] add, int f, int step, float[] to, int t) {
        if (weights) WeightRows.TILES.tiles(rows, depth, a, at, panel, add, f, step, to, t);
        else WeightPanels.TILES.tiles(rows, depth, a, at, panel, add, f, step, to, t);
    }

    static void multiply(Assembler to, Simd sum, Simd unsigned, Simd signed) {
        if (Vec.LANES == 16) to.vpdpbusd(sum, unsigned, signed);
        else to.vpdpbusdVex(sum, unsigned, signed);
    }
}
