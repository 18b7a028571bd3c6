package dev.faithdiff.convert.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import dev.faithdiff.convert.TinyCheckpoint;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** Random weights. */
class RandomTensorTest {
    @Test
    void valuesFillTheirRange() throws IOException {
        RandomTensor t = new RandomTensor("w.weight", DType.F32, Shape.of(64, 100, 3, 3), 1, "unet");
        float[] v = new float[57600];
        Floats.read(DType.F32, MemorySegment.ofArray(TinyCheckpoint.bytes(t)), 0, v, v.length);
        double sum = 0, squares = 0, bound = 1 / 30.0;
        for (float x : v) {
            assertThat(Math.abs(x)).isLessThanOrEqualTo((float) bound);
            sum += x;
            squares += x * x;
        }
        assertThat(sum / v.length).isCloseTo(0, offset(3e-4));
        assertThat(Math.sqrt(squares / v.length)).isCloseTo(bound / Math.sqrt(3), offset(3e-4));
    }
}
