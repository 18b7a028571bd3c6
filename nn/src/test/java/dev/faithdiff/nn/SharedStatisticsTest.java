package dev.faithdiff.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class SharedStatisticsTest {
    private static final Offset<Float> CLOSE = Offset.offset(1e-5f);

    @Test void laterRunsUseTheStatisticsOfTheFirst() {
        try (Scope _ = Scope.open(); Weights w = Weights.init(1, Device.CPU); SharedStatistics shared = new SharedStatistics()) {
            GroupNorm norm = new GroupNorm(w, 8, 2, 1e-6f);
            Tensor x = Tensor.of(Rng.cpu(2).randn(6 * 5 * 8), 1, 6, 5, 8).affine(3, 40);
            float[] whole = norm.forwardSilu(x).toFloats();
            assertThat(shared.run(() -> norm.forwardSilu(x)).toFloats()).containsExactly(whole, CLOSE);
            Tensor part = x.slice(1, 0, 2);
            float[] first = new float[2 * 5 * 8];
            System.arraycopy(whole, 0, first, 0, first.length);
            assertThat(shared.run(() -> norm.forwardSilu(part)).toFloats()).containsExactly(first, CLOSE);
            assertThat(norm.forwardSilu(part).toFloats()).as("outside, its own").isNotEqualTo(first);
        }
    }
}
