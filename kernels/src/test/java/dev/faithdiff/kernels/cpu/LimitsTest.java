package dev.faithdiff.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class LimitsTest {
    @Test void fractionIsOfTheTighterLimit() {
        Limits limits = new Limits(100, 10);
        assertThat(limits.fraction(1000, 10, 10)).as("bound by operations").isEqualTo(1.0);
        assertThat(limits.fraction(1000, 200, 40)).as("bound by bytes").isEqualTo(0.5);
    }

    @Tag("full")
    @Test void measuresSomething() {
        assertThat(Limits.measured().gflops()).as("compiled to vector code").isBetween(4.0, 1e6);
        assertThat(Limits.measured().gbytes()).isBetween(0.1, 1e5);
    }
}
