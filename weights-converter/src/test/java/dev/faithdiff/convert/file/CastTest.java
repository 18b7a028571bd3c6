package dev.faithdiff.convert.file;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.convert.TinyCheckpoint;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** Tensors in another element type. */
class CastTest {
    @Test
    void halfPrecisionThatOverflowsIsRefused() {
        MemorySegment value = MemorySegment.ofArray(new byte[] {0, 0x24, 0x74, 0x49}); // 1e6f
        Source large = Source.of("w", DType.F32, Shape.of(1), () -> value);
        assertThatThrownBy(() -> TinyCheckpoint.bytes(Cast.to(DType.F16, large))).isInstanceOf(ConvertError.class)
                .hasMessageContaining("w has the value 1000000.0, too large for F16");
    }
}
