package dev.faithdiff.kernels.cpu.elementwise;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.faithdiff.kernels.cpu.emit.CpuFeature;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.tensor.op.BinaryOp;
import dev.faithdiff.tensor.op.UnaryOp;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RowCodeTest {
    /** Values fit the registers of both widths, also of the one that this processor has not. */
    @ParameterizedTest @ValueSource(ints = {256, 512}) void routinesCanBeWritten(int bits) {
        assumeTrue(CpuFeature.AVX2.isHere(), CpuFeature.line());
        for (UnaryOp.Kind kind : UnaryOp.Kind.values()) UnaryEmitted.routine(new VectorCode(bits), kind);
        for (BinaryOp.Kind kind : BinaryOp.Kind.values()) BinaryEmitted.routine(new VectorCode(bits), kind);
        AffineEmitted.routine(new VectorCode(bits));
        PreluEmitted.routine(new VectorCode(bits));
        GegluEmitted.routine(new VectorCode(bits));
    }
}
