package dev.faithdiff.quality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import java.util.Set;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FeatureSetsTest {
    private static final JsonObject SETS = Fixtures.json("iqa/fid/fid.json").getAsJsonObject("sets");

    static Set<String> sets() { return SETS.keySet(); }

    @ParameterizedTest @MethodSource("sets")
    void equalsThePublishedCode(String name) {
        JsonObject set = SETS.getAsJsonObject(name);
        double[][] a = features(set, "features1"), b = features(set, "features2");
        Offset<Double> atol = within(set.get("atol").getAsDouble());
        assertThat(FeatureSets.frechet(a, b)).isCloseTo(set.get("frechet").getAsDouble(), atol).isCloseTo(FeatureSets.frechet(b, a), within(1e-9));
        assertThat(FeatureSets.gaussianKernel(a, b)).isCloseTo(set.get("mmd_rbf_sigma10_scale1000").getAsDouble(), atol);
        JsonElement polynomial = set.get("kid_polynomial_all_samples");
        if (polynomial != null) assertThat(FeatureSets.polynomialKernel(a, b)).isCloseTo(polynomial.getAsDouble(), atol);
    }

    @Test void refusesSetsThatCannotBeCompared() {
        assertThatThrownBy(() -> FeatureSets.frechet(new double[1][3], new double[4][3])).isInstanceOf(MeasureError.class)
                .hasMessageContaining("two images");
        assertThatThrownBy(() -> FeatureSets.frechet(new double[2][3], new double[4][2])).isInstanceOf(MeasureError.class)
                .hasMessageContaining("3 and 2");
    }

    private static double[][] features(JsonObject set, String key) {
        return set.getAsJsonArray(key).asList().stream()
                .map(row -> row.getAsJsonArray().asList().stream().mapToDouble(JsonElement::getAsDouble).toArray()).toArray(double[][]::new);
    }
}
