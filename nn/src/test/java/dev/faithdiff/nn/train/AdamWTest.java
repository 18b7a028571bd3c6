package dev.faithdiff.nn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AdamWTest {
    private Scope scope;

    @BeforeEach void open() { scope = Scope.open(); }

    @AfterEach void close() { scope.close(); }

    private static Tensor of(float... values) { return Tensor.of(values, values.length); }

    private static AdamW adam(Tensor p, double rate, double decay) {
        return new AdamW(List.of(new AdamW.Group(Map.of("p", p), rate)), new AdamW.Settings(0.9, 0.999, 1e-8, decay));
    }

    /** In the first step the corrected moments are the gradient and its square, so each value moves by the rate, after the decay. */
    @Test void theFirstStepMovesByTheRateAgainstTheSign() {
        Tensor p = of(1, -2, 3), g = of(0.5f, -4, 0);
        try (AdamW a = adam(p, 0.1, 0.5)) {
            a.step(Map.of(p, g), 1, 1);
            assertThat(p.toFloats()).containsExactly(new float[] {0.95f - 0.1f, -1.9f + 0.1f, 2.85f}, Offset.offset(1e-6f));
        }
    }

    /** m = 0.1 then 0.09 - 0.2 = -0.11; v = 0.001 then 0.000999 + 0.004; corrected by 1 - 0.81 and 1 - 0.998001. */
    @Test void theSecondStepByHand() {
        Tensor p = of(0), first = of(1), second = of(-2);
        try (AdamW a = adam(p, 1, 0)) {
            a.step(Map.of(p, first), 1, 1);
            assertThat(p.item()).isCloseTo(-1, Offset.offset(1e-6f));
            a.step(Map.of(p, second), 1, 1);
            double step = -0.11 / 0.19 / Math.sqrt(0.004999 / 0.001999);
            assertThat(p.item()).isCloseTo((float) (-1 - step), Offset.offset(2e-6f));
            assertThat(a.steps()).isEqualTo(2);
            assertThat(a.state().get("m.p").item()).isCloseTo(-0.11f, Offset.offset(1e-7f));
            assertThat(a.state().get("v.p").item()).isCloseTo(0.004999f, Offset.offset(1e-8f));
        }
    }

    @Test void scaleMultipliesTheGradientAndRateTheLearningRate() {
        Tensor p = of(1), q = of(1), g = of(0.25f), twice = of(0.5f);
        try (AdamW a = adam(p, 0.1, 0.01); AdamW b = adam(q, 0.05, 0.01)) {
            a.step(Map.of(p, g), 0.5, 2);
            b.step(Map.of(q, twice), 1, 1);
            assertThat(p.item()).isEqualTo(q.item()).isNotEqualTo(1);
            assertThat(a.state().get("v.p").item()).isEqualTo(b.state().get("v.p").item());
        }
    }

    @Test void groupsHaveTheirOwnRatesAndAParameterWithoutGradientStays() {
        Tensor p = of(1), q = of(1), r = of(1), g = of(1);
        Map<String, Tensor> first = new LinkedHashMap<>(Map.of("p", p, "r", r));
        try (AdamW a = new AdamW(List.of(new AdamW.Group(first, 0.1), new AdamW.Group(Map.of("q", q), 0.01)), AdamW.Settings.defaults())) {
            a.step(Map.of(p, g, q, g), 1, 1);
            assertThat(p.item()).isCloseTo(0.9f - 0.001f, Offset.offset(1e-6f));
            assertThat(q.item()).isCloseTo(0.99f - 0.0001f, Offset.offset(1e-6f));
            assertThat(r.item()).isEqualTo(1);
        }
        assertThatThrownBy(() -> new AdamW(List.of(new AdamW.Group(Map.of("p", p), 1), new AdamW.Group(Map.of("p", q), 1)),
                AdamW.Settings.defaults()))
                .isInstanceOf(OpError.class).hasMessage("p is in two groups of parameters");
    }

    /** Steps too small for the narrow type add up in the master. */
    @Test void aNarrowParameterHasAMaster() {
        Tensor p = of(1, 1).to(DType.BF16), g = of(1, -1).to(DType.BF16);
        try (AdamW a = adam(p, 1e-3, 0)) {
            a.step(Map.of(p, g), 1, 1);
            assertThat(p.toFloats()).containsExactly(1, 1);
            for (int i = 0; i < 9; i++) a.step(Map.of(p, g), 1, 1);
            assertThat(p.dtype()).isEqualTo(DType.BF16);
            assertThat(p.toFloats()).containsExactly(new float[] {0.99f, 1.01f}, Offset.offset(0.004f));
            assertThat(a.state().get("master.p").toFloats()).containsExactly(new float[] {0.99f, 1.01f}, Offset.offset(1e-5f));
        }
    }

    @Test void restoredItGoesOnToTheBit() {
        Tensor p = Tensor.of(Rng.cpu(1).randn(35), 5, 7), q = Tensor.of(p.toFloats(), 5, 7);
        try (AdamW whole = adam(p, 0.1, 0.01); AdamW before = adam(q, 0.1, 0.01); AdamW after = adam(q, 0.1, 0.01)) {
            for (int i = 0; i < 6; i++) whole.step(Map.of(p, Tensor.of(Rng.cpu(i).randn(35), 5, 7)), 1, 1);
            for (int i = 0; i < 3; i++) before.step(Map.of(q, Tensor.of(Rng.cpu(i).randn(35), 5, 7)), 1, 1);
            after.restore(before.state(), before.steps());
            for (int i = 3; i < 6; i++) after.step(Map.of(q, Tensor.of(Rng.cpu(i).randn(35), 5, 7)), 1, 1);
            assertThat(q.toFloats()).isEqualTo(p.toFloats());
            assertThat(after.steps()).isEqualTo(6);
            assertThatThrownBy(() -> after.restore(Map.of(), 1)).isInstanceOf(OpError.class).hasMessage("m.p is missing");
            assertThatThrownBy(() -> after.restore(Map.of("m.p", of(1), "v.p", of(1)), 1)).isInstanceOf(OpError.class)
                    .hasMessage("m.p is F32[1], not F32[5, 7]");
            assertThat(after.steps()).isEqualTo(6);
        }
    }

    @Test void aFewStepsFindAMinimum() {
        Tensor p = of(3, -2), target = of(0.5f, 1);
        try (AdamW a = adam(p, 0.1, 0)) {
            for (int i = 0; i < 200; i++) {
                try (Tape tape = Tape.watch(p)) {
                    a.step(tape.gradients(Loss.l2(p, target)), LrSchedule.cosine(10, 200).factor(i), 1);
                }
            }
            assertThat(p.toFloats()).containsExactly(new float[] {0.5f, 1}, Offset.offset(0.01f));
        }
    }
}
