package dev.faithdiff.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class EdgeStrengthTest {
    private static final int SIDE = 32, CHANNELS = 8;

    @Test void equalEdgesCostNothingAndAStrongOneItsShare() {
        assertThat(loss(1)).isLessThan(0.01f);
        // Two rows of 32 are ten times as strong: mean squares of 100 there and (2 * 100 + 30) / 32 in all.
        double all = (2 * 100 + 30) / 32.0, top = (100 - all) / (100 + all), bottom = (1 - all) / (1 + all);
        assertThat(loss(10)).isCloseTo((float) ((top * top + bottom * bottom) / 4), Offset.offset(0.02f));
    }

    @Test void itsGradientWeakensTheStrongEdge() {
        try (Scope _ = Scope.open(); Weights w = Weights.init(1, Device.CPU)) {
            GroupNorm norm = new GroupNorm(w, CHANNELS, 2, 1e-6f);
            Tensor x = map(10);
            try (Tape tape = Tape.watch(x)) {
                EdgeStrength edges = new EdgeStrength();
                edges.run(() -> norm.forward(x));
                float[] values = x.toFloats(), gradient = tape.gradients(edges.loss()).get(x).toFloats();
                double top = 0, middle = 0;
                for (int i = 0; i < 2 * SIDE * CHANNELS; i++) top += values[i] * gradient[i];
                for (int i = 8 * SIDE * CHANNELS; i < 24 * SIDE * CHANNELS; i++) middle += values[i] * gradient[i];
                // Of the middle the top edge wants more and the bottom edge less, which nearly cancels out.
                assertThat(top).isPositive().isGreaterThan(4 * Math.abs(middle));
            }
        }
    }

    @Test void whatNobodyTrainsIsNotLookedAt() {
        try (Scope _ = Scope.open(); Weights w = Weights.init(1, Device.CPU)) {
            GroupNorm norm = new GroupNorm(w, CHANNELS, 2, 1e-6f);
            EdgeStrength edges = new EdgeStrength();
            edges.run(() -> norm.forward(map(10)));
            assertThat(edges.loss()).isNull();
        }
    }

    private static float loss(float topRows) {
        try (Scope _ = Scope.open(); Weights w = Weights.init(1, Device.CPU)) {
            GroupNorm norm = new GroupNorm(w, CHANNELS, 2, 1e-6f);
            Tensor x = map(topRows);
            try (Tape _ = Tape.watch(x)) {
                EdgeStrength edges = new EdgeStrength();
                edges.run(() -> norm.forwardSilu(x));
                return edges.loss().item();
            }
        }
    }

    /** Normal numbers, those in the upper two rows times a factor. */
    private static Tensor map(float topRows) {
        float[] v = Rng.cpu(3).randn(SIDE * SIDE * CHANNELS);
        for (int i = 0; i < 2 * SIDE * CHANNELS; i++) v[i] *= topRows;
        return Tensor.of(v, 1, SIDE, SIDE, CHANNELS);
    }
}
