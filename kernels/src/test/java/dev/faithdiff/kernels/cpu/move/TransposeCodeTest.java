package dev.faithdiff.kernels.cpu.move;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.faithdiff.kernels.cpu.emit.CpuFeature;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TransposeCodeTest {
    @ParameterizedTest @ValueSource(ints = {256, 512}) void routinesCanBeWritten(int bits) {
        assumeTrue(CpuFeature.AVX2.isHere(), CpuFeature.line());
        TransposeCode.squares(new VectorCode(bits));
        TransposeCode.ints(new VectorCode(bits));
    }
}
