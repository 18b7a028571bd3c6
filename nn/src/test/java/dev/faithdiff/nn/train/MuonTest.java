package dev.faithdiff.nn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("full")
class MuonTest {
    private Scope scope;

    @BeforeEach void open() { scope = Scope.open(); }

    @AfterEach void close() { scope.close(); }

    private static Tensor random(long seed, int... sizes) {
        int count = 1;
        for (int s : sizes) count *= s;
        return Tensor.of(Rng.cpu(seed).randn(count), sizes);
    }

    private static Muon muon(Tensor p, double rate, double decay) {
        return new Muon(List.of(new AdamW.Group(Map.of("p", p), rate)), new AdamW.Settings(0.9, 0.999, 1e-8, decay));
    }

    /** Mean of the squares of the lengths that a matrix gives to vectors of length one. */
    private static double meanSquare(Tensor x) { return x.mul(x).sum(0, 1).item() / Math.min(x.size(0), x.size(1)); }

    /** The singular values come to 0.7..1.2, whatever they were: their squares have a mean within, and so have their fourth powers. */
    @Test void directionsAreNearlyOrthogonal() {
        for (Tensor x : new Tensor[] {random(1, 48, 64), random(2, 96, 40), random(3, 32, 288)}) {
            Tensor o = Muon.orthogonal(x), square = o.matmul(o, x.size(0) > x.size(1), x.size(0) <= x.size(1));
            assertThat(meanSquare(o)).isBetween(0.5, 1.4);
            assertThat(meanSquare(square)).isBetween(0.3, 1.8);
            assertThat(meanSquare(x)).isGreaterThan(20);
        }
    }

    @Test void aRotationStaysOneAndItsSizeDoesNotCount() {
        float[] turned = new float[32 * 40];
        for (int i = 0; i < 32; i++) turned[40 * i + (i * 7 + 3) % 40] = i % 2 == 0 ? 5 : -5;
        Tensor x = Tensor.of(turned, 32, 40);
        float[] o = Muon.orthogonal(x).toFloats(), large = Muon.orthogonal(x.mul(1000)).toFloats();
        for (int i = 0; i < o.length; i++) {
            if (turned[i] == 0) assertThat(o[i]).isZero();
            else assertThat(o[i] / turned[i] * 5).isBetween(0.65f, 1.25f);
            assertThat(large[i]).isCloseTo(o[i], Offset.offset(1e-5f));
        }
    }

    @Test void zerosStayZeros() {
        assertThat(Muon.orthogonal(Tensor.of(new float[32 * 32], 32, 32)).toFloats()).containsOnly(0);
    }

    /** Values of a direction are about 0.2 in the mean square, as Liu et al. scale them; the decay comes on top. */
    @Test void aStepHasTheSizeOfTheRate() {
        Tensor p = random(4, 64, 3, 3, 64).mul(1), before = p.mul(1), g = random(5, 64, 3, 3, 64).mul(1e-3f);
        try (Muon m = muon(p, 0.01, 0)) {
            m.step(Map.of(p, g), 1, 1);
        }
        Tensor moved = p.sub(before);
        double size = Math.sqrt(moved.mul(moved).mean().item());
        assertThat(size).isBetween(0.01 * 0.2 * 0.7, 0.01 * 0.2 * 1.2);
        assertThat(moved.mul(g).mean().item()).isNegative();
        Tensor still = random(4, 64, 64), same = still.mul(1);
        try (Muon m = muon(still, 0.5, 0.1)) {
            m.step(Map.of(still, Tensor.of(new float[64 * 64], 64, 64)), 0.5, 1);
        }
        assertThat(still.toFloats()).containsExactly(same.mul(0.975f).toFloats(), Offset.offset(1e-6f));
    }

    @Test void allButMatricesAreLeftToAdamW() {
        for (int[] sizes : new int[][] {{64}, {64, 3, 3, 3}, {8, 3, 3, 64}}) {
            Tensor p = random(6, sizes), q = p.mul(1), g = random(7, sizes);
            try (Muon m = muon(p, 0.1, 0.01); AdamW a = new AdamW(List.of(new AdamW.Group(Map.of("p", q), 0.1)), AdamW.Settings.defaults())) {
                m.step(Map.of(p, g), 0.5, 2);
                a.step(Map.of(q, g), 0.5, 2);
            }
            assertThat(p.toFloats()).isEqualTo(q.toFloats());
        }
    }

    @Test void goesOnToTheSameBit() {
        Tensor p = random(8, 32, 48), q = p.mul(1);
        try (Muon whole = muon(p, 0.1, 0.01); Muon before = muon(q, 0.1, 0.01); Muon after = muon(q, 0.1, 0.01)) {
            for (int i = 0; i < 4; i++) whole.step(Map.of(p, random(9 + i, 32, 48)), 1, 1);
            for (int i = 0; i < 2; i++) before.step(Map.of(q, random(9 + i, 32, 48)), 1, 1);
            after.restore(before.state(), before.steps());
            for (int i = 2; i < 4; i++) after.step(Map.of(q, random(9 + i, 32, 48)), 1, 1);
            assertThat(after.steps()).isEqualTo(4);
            assertThatThrownBy(() -> after.restore(Map.of(), 1)).isInstanceOf(OpError.class).hasMessageContaining("missing");
        }
        assertThat(q.toFloats()).isEqualTo(p.toFloats());
    }

    /** A matrix comes to another one against the gradient of their distance. */
    @Test void learns() {
        Tensor target = random(20, 32, 32), p = random(21, 32, 32);
        double first = target.sub(p).mul(target.sub(p)).mean().item();
        try (Muon m = muon(p, 0.5, 0)) {
            for (int i = 0; i < 60; i++) m.step(Map.of(p, p.sub(target)), 1 - i / 60.0, 1);
        }
        assertThat(target.sub(p).mul(target.sub(p)).mean().item()).isLessThan((float) (first / 20));
    }

    @Test void narrowParametersAreRefused() {
        assertThatThrownBy(() -> muon(random(1, 32, 32).to(DType.F16).named("w"), 1, 0)).isInstanceOf(OpError.class)
                .hasMessageContaining("w F16[32, 32]");
    }
}
