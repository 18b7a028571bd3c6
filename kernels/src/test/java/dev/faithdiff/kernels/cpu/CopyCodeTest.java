package dev.faithdiff.kernels.cpu;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.faithdiff.kernels.cpu.emit.CpuFeature;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.tensor.DType;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CopyCodeTest {
    @ParameterizedTest @ValueSource(ints = {256, 512}) void routinesCanBeWritten(int bits) {
        assumeTrue(CpuFeature.AVX2.isHere(), CpuFeature.line());
        CopyCode.rows(new VectorCode(bits));
        for (DType dtype : List.of(DType.F32, DType.F16, DType.BF16, DType.F8_E4M3)) ToFloatCode.routine(new VectorCode(bits), dtype);
    }
}
