package dev.faithdiff.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuantizedTest {
    private static final int IN = 67, OUT = 131;

    @TempDir Path dir;

    @Test void eachNumberIsRoundedToHalfAStepOfItsRow() {
        try (Scope _ = Scope.open()) {
            Tensor w = Tensor.of(new float[] {1, -3, 2.99f, 0, 0, 0, 1e-6f, -1e-6f, 5e-7f}, 3, 3);
            Quantized q = Quantized.of(w);
            assertThat(q.values().toFloats()).containsExactly(42, -127, 127, 0, 0, 0, 127, -127, 64);
            assertThat(q.scales().toFloats()).containsExactly(3 / 127f, 0, 1e-6f / 127);
            Tensor random = Tensor.of(Rng.cpu(3).randn(OUT * IN), OUT, IN), wide = Quantized.of(random).wide();
            float[] scales = Quantized.of(random).scales().toFloats(), error = random.sub(wide).toFloats();
            for (int i = 0; i < error.length; i++) assertThat(Math.abs(error[i])).isLessThanOrEqualTo(scales[i / IN] * 0.5001f);
        }
    }

    @Test void aLinearLayerComputesWithTheRoundedWeight() {
        try (Scope _ = Scope.open(); Weights w = quantized(1)) {
            Linear linear = new Linear(w.at("a"), IN, OUT);
            w.at("b").get("weight", Init.uniform(IN), OUT, IN);
            w.done();
            Tensor bytes = w.parameters("a.weight").get("a.weight"), bias = w.parameters("a.bias").get("a.bias");
            assertThat(bytes.dtype()).isEqualTo(DType.I8);
            assertThat(w.parameters("b.").get("b.weight").dtype()).as("what is no linear layer's").isEqualTo(DType.F16);
            Tensor x = Tensor.of(Rng.cpu(5).randn(7 * IN), 7, IN);
            Tensor error = linear.forward(x).sub(x.linear(linear.weight(), bias)).abs();
            for (float e : error.toFloats()) assertThat(e).isLessThan(1e-5f);
            assertThatThrownBy(() -> w.save(dir.resolve("again.safetensors"))).isInstanceOf(WeightsError.class)
                    .hasMessageContaining("a.weight was rounded to 8 bits");
            assertThat(dir.resolve("again.safetensors")).doesNotExist();
        }
    }

    @Test void smallFilesAndWrongShapesAreAsEver() {
        try (Scope _ = Scope.open(); Weights w = quantized(1 << 20)) {
            new Linear(w.at("a"), IN, OUT);
            assertThat(w.parameters("a.weight").get("a.weight").dtype()).isEqualTo(DType.F16);
        }
        try (Scope _ = Scope.open(); Weights w = quantized(1)) {
            new Linear(w.at("a"), IN + 1, OUT);
            new Linear(w.at("c"), IN, OUT);
            assertThatThrownBy(w::done).isInstanceOf(WeightsError.class).hasMessageContaining("but the model takes [131, 68]")
                    .hasMessageContaining("c.weight [131, 67] is missing");
        }
    }

    /** Two linear layers' weights in F16. */
    private Weights quantized(long least) {
        Path file = dir.resolve("two.safetensors");
        try (Weights drawn = Weights.init(1, Device.CPU)) {
            new Linear(drawn.at("a"), IN, OUT);
            new Linear(drawn.at("b"), IN, OUT, false);
            drawn.save(file, DType.F16, Map.of());
        }
        return Weights.quantized(new FileWeights(file), least);
    }
}
