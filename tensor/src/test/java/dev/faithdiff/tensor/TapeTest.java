package dev.faithdiff.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TapeTest {
    private Scope scope;

    @BeforeEach void open() { scope = Scope.open(); }

    @AfterEach void close() { scope.close(); }

    private static Tensor of(float... values) { return Tensor.of(values, values.length); }

    @Test void twoUsesAddUp() {
        Tensor x = of(2, 3), w = of(5, 7);
        try (Tape tape = Tape.watch(w)) {
            Tensor loss = x.mul(w).add(w.mul(w)).sum(0).reshape();
            assertThat(tape.gradients(loss).get(w).toFloats()).containsExactly(2 + 2 * 5, 3 + 2 * 7);
        }
    }

    @Test void oneTensorOnBothSidesOfAnOp() {
        Tensor w = of(5, 7);
        try (Tape tape = Tape.watch(w)) {
            assertThat(tape.gradients(w.add(w), of(1, 10)).get(w).toFloats()).containsExactly(2, 20);
        }
    }

    @Test void gradientOfAChainOfViewsAndMoves() {
        Tensor w = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 6);
        try (Tape tape = Tape.watch(w)) {
            Tensor m = w.reshape(2, 3).permute(1, 0);                        // [[1, 4], [2, 5], [3, 6]]
            Tensor y = m.slice(0, 1, 3).concat(1, m.slice(0, 0, 2));         // [[2, 5, 1, 4], [3, 6, 2, 5]]
            assertThat(y.toFloats()).containsExactly(2, 5, 1, 4, 3, 6, 2, 5);
            Tensor grad = Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 2, 4);
            assertThat(tape.gradients(y, grad).get(w).toFloats()).containsExactly(3, 1 + 7, 5, 4, 2 + 8, 6);
        }
    }

    @Test void frozenPartsAreNotRecordedAndWhatWasRecordedOutlivesInnerScopes() {
        Tensor x = of(2, 3), w = of(5, 7);
        try (Tape tape = Tape.watch(w)) {
            Tensor frozen, factor, product, loss;
            try (Scope inner = Scope.open()) {
                frozen = x.mul(10);
                factor = frozen.mul(2);
                product = factor.mul(w);
                loss = inner.keep(product.sum(0).reshape());
            }
            assertThat(frozen.storage().live()).isFalse();
            assertThat(factor.storage().live()).isTrue();
            assertThat(product.storage().live()).isTrue();
            Map<Tensor, Tensor> gradients = tape.gradients(loss);
            assertThat(gradients.get(w).toFloats()).containsExactly(40, 60);
            assertThat(gradients).containsOnlyKeys(w);
            tape.close();
            assertThat(product.storage().live()).isFalse();
        }
    }

    @Test void gradientsCanBeTakenInsideAnInnerScope() {
        Tensor w = of(5, 7);
        try (Tape tape = Tape.watch(w)) {
            Tensor gradient;
            try (Scope inner = Scope.open()) {
                gradient = tape.gradients(w.mul(w).mean()).get(w);
            }
            assertThat(gradient.toFloats()).containsExactly(5, 7);
        }
    }

    /** The gradient of a reshape is a view of the upstream gradient; the tape must not take it from its owner. */
    @Test void theUpstreamGradientStaysWithItsOwner() {
        Tensor w = of(5, 7), grad = Tensor.of(new float[] {1, 2}, 1, 2);
        try (Tape tape = Tape.watch(w)) {
            assertThat(tape.gradients(w.reshape(1, 2), grad).get(w).toFloats()).containsExactly(1, 2);
        }
        assertThat(grad.toFloats()).containsExactly(1, 2);
    }

    @Test void aWatchedTensorThatPlaysNoPartHasNoGradient() {
        Tensor w = of(5), unused = of(7);
        try (Tape tape = Tape.watch(w, unused)) {
            assertThat(tape.gradients(w.mul(3).reshape())).containsOnlyKeys(w);
        }
    }

    @Test void theLossIsOneNumber() {
        Tensor w = of(5, 7);
        try (Tape tape = Tape.watch(w)) {
            assertThatThrownBy(() -> tape.gradients(w.mul(2))).isInstanceOf(OpError.class).hasMessage("the loss must be one number, not F32[2]");
        }
    }
}
