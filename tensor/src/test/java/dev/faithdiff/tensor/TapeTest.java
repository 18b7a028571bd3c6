package dev.faithdiff.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
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
        Tensor product;
        try (Tape tape = Tape.watch(w)) {
            Tensor frozen, factor, loss;
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
        }
        assertThat(product.storage().live()).isFalse();
    }

    @Test void gradientsCanBeTakenInsideAnInnerScope() {
        Tensor w = of(5, 7);
        try (Tape tape = Tape.watch(w)) {
            Tensor gradient;
            try (Scope _ = Scope.open()) {
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

    /** Gradients of the weights through three layers, each a block that may be run again, and the bytes held at the peak. */
    private static Run network(boolean recompute, Tensor x, Tensor shift, List<Tensor> weights) {
        Pool pool = Device.CPU.pool();
        pool.resetPeak();
        long before = pool.usedBytes();
        try (Tape tape = Tape.watch(weights, recompute)) {
            Tensor h = x;
            for (Tensor w : weights) {
                Tensor in = h;
                h = Tape.recompute(() -> {
                    Tensor y = in.linear(w, null).silu();
                    for (int i = 0; i < 6; i++) y = y.add(shift).quickGelu();
                    return in.add(y.mul(w.slice(0, 0, 1)));
                });
            }
            Tensor loss = h.mul(h).mean();
            Map<Tensor, Tensor> gradients = tape.gradients(loss);
            return new Run(loss.item(), weights.stream().map(w -> gradients.get(w).toFloats()).toList(), pool.peakUsedBytes() - before);
        }
    }

    private record Run(float loss, List<float[]> gradients, long bytes) {}

    private static Tensor drawn(long seed, int... sizes) { return Tensor.of(Rng.cpu(seed).randn(sizes[0] * sizes[1]), sizes); }

    @Test void aBlockThatIsRunAgainGivesTheSameGradientsWithLessMemory() {
        Tensor x = drawn(1, 64, 16), shift = drawn(2, 1, 16);
        List<Tensor> weights = List.of(drawn(3, 16, 16), drawn(4, 16, 16), drawn(5, 16, 16));
        Run kept = network(false, x, shift, weights), again = network(true, x, shift, weights);
        assertThat(again.loss).isEqualTo(kept.loss);
        assertThat(again.gradients.get(0)).contains(kept.gradients.get(0)).doesNotContain(0);
        for (int i = 0; i < 3; i++) assertThat(again.gradients.get(i)).isEqualTo(kept.gradients.get(i));
        assertThat(again.bytes).isLessThan(kept.bytes / 2);
    }

    @Test void aBlockOfFrozenPartsIsNotRunAgain() {
        Tensor x = of(2, 3), w = of(5, 7);
        int[] runs = {0};
        try (Tape tape = Tape.watch(List.of(w), true)) {
            Tensor frozen = Tape.recompute(() -> {
                runs[0]++;
                return x.mul(10);
            });
            Tensor y = Tape.recompute(() -> {
                runs[0] += 100;
                return frozen.mul(w);
            });
            assertThat(tape.gradients(y, of(1, 1)).get(w).toFloats()).containsExactly(20, 30);
        }
        assertThat(runs[0]).isEqualTo(201);
    }

    @Test void aBlockWithoutATapeJustRuns() {
        assertThat(Tape.recompute(() -> of(2, 3).mul(10)).toFloats()).containsExactly(20, 30);
    }

    /** A block inside a block is kept while the outer one is run again. */
    @Test void blocksNest() {
        Tensor w = of(5, 7);
        try (Tape tape = Tape.watch(List.of(w), true)) {
            Tensor y = Tape.recompute(() -> Tape.recompute(() -> w.mul(w)).mul(w));
            assertThat(tape.gradients(y, of(1, 1)).get(w).toFloats()).containsExactly(75, 147);
        }
    }

    @Test void gradientsInsideTheNetworkAreFreedOnTheWay() {
        Tensor w = drawn(3, 64, 64);
        long tensor = w.bytes();
        Pool pool = Device.CPU.pool();
        try (Tape tape = Tape.watch(w)) {
            Tensor y = w;
            for (int i = 0; i < 20; i++) y = y.mul(2);
            pool.resetPeak();
            long before = pool.usedBytes();
            tape.gradients(y, drawn(4, 64, 64));
            assertThat(pool.peakUsedBytes() - before).isLessThan(5 * tensor);
        }
    }
}
