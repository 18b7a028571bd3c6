package dev.faithdiff.kernels.cpu.norm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.CpuFeature;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Routines have values for the registers of both widths. */
class NormEmittedTest {
    @ParameterizedTest @ValueSource(ints = {256, 512}) void canBeWritten(int bits) {
        assumeTrue(VecCode.isHere(), CpuFeature.line());
        for (boolean more : new boolean[] {false, true}) {
            assertThat(GroupRowsEmitted.sums(new VectorCode(bits), more)).isNotNull();
            assertThat(GroupRowsEmitted.apply(new VectorCode(bits), more)).isNotNull();
        }
        assertThat(LayerNormEmitted.rows(new VectorCode(bits))).isNotNull();
        assertThat(RmsNormEmitted.rows(new VectorCode(bits))).isNotNull();
        assertThat(SoftmaxEmitted.rows(new VectorCode(bits))).isNotNull();
    }
}
