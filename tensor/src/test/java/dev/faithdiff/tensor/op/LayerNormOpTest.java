package dev.faithdiff.tensor.op;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import org.junit.jupiter.api.Test;

class LayerNormOpTest {
    /** One channel is its own mean, so its norm does not depend on it; a product rounded to float in between would show, times 1/sqrt(eps). */
    @Test void theReferencesGradientOfOneChannelIsExactlyZero() {
        try (Scope _ = Scope.open()) {
            Tensor x = Tensor.of(new float[] {0.1f, 0.7f}, 2, 1), w = Tensor.of(new float[] {1.1f}, 1);
            Tensor grad = Tensor.of(new float[] {0.3f, -0.9f}, 2, 1);
            Tensor out = Tensor.empty(Device.CPU, DType.F32, Shape.of(2, 1));
            new LayerNormOp.Grad(1e-5f, 0).reference(new Tensor[] {x, w, grad}, out);
            assertThat(out.get(0)).isZero();
            assertThat(out.get(1)).isZero();
        }
    }
}
