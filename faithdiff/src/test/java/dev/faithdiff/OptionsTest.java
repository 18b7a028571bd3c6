package dev.faithdiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.Options.Generator;
import dev.faithdiff.Options.Guard;
import dev.faithdiff.Options.Start;
import dev.faithdiff.image.ColorFix;
import org.junit.jupiter.api.Test;

/** Options keep what they were given, refuse what breaks a rule, and are values. */
class OptionsTest {
    @Test void defaultsArePublished() {
        Options o = Options.defaults();
        assertThat(o.scale()).isEqualTo(4);
        assertThat(o.steps()).isEqualTo(20);
        assertThat(o.guidance()).isNaN();
        assertThat(o.seed()).isEqualTo(42);
        assertThat(o.start()).isEqualTo(Start.LR);
        assertThat(o.strength()).isEqualTo(1);
        assertThat(o.fidelity()).isZero();
        assertThat(o.rng()).isEqualTo(Generator.CPU);
        assertThat(o.colorFix()).isEqualTo(ColorFix.ADAIN);
        assertThat(o.sampler()).isNull();
        assertThat(o.tile()).isEqualTo(1024);
        assertThat(o.stride()).isEqualTo(0.5);
    }

    @Test void changesAreCopies() {
        Options before = Options.defaults();
        Options o = before.withScale(2).withNegative(null).withStrength(0.5).withGuard(Guard.OFF).withSampler("ddim").withStride(0.75).withRescale(0.7);
        assertThat(before).isEqualTo(Options.defaults());
        assertThat(o.scale()).isEqualTo(2);
        assertThat(o.negative()).isNull();
        assertThat(o.strength()).isEqualTo(0.5);
        assertThat(o.guard()).isEqualTo(Guard.OFF);
        assertThat(o.stride()).isEqualTo(0.75);
        assertThat(o.rescale()).isEqualTo(0.7);
        assertThat(o.steps()).as("untouched").isEqualTo(20);
        assertThat(o).isNotEqualTo(before);
        assertThat(o.withScale(4).withNegative("").withStrength(1).withGuard(Guard.WARN).withSampler(null).withStride(0.5).withRescale(0)).isEqualTo(before)
                .hasSameHashCodeAs(before);
        assertThat(o.values()).hasSize(21).containsEntry("strength", 0.5).containsEntry("negative", null).containsEntry("steps", 20);
    }

    @Test void refusesInOneLine() {
        Options o = Options.defaults();
        assertThatThrownBy(() -> o.withScale(9)).isInstanceOf(IllegalArgumentException.class).hasMessage("scale must be 1..8, not 9");
        assertThatThrownBy(() -> o.withStrength(1.1)).hasMessage("strength must be 0..1, not 1.1");
        assertThatThrownBy(() -> o.withFidelity(Double.NaN)).hasMessage("fidelity must be 0..1, not NaN");
        assertThatThrownBy(() -> o.withStride(0)).hasMessageContaining("overlap must be above 0");
        assertThatThrownBy(() -> o.withGuidance(-1)).hasMessageContaining("guidance must be a number of at least 0");
        assertThatThrownBy(() -> o.withPrompt(null)).hasMessageContaining("prompt may be empty");
        assertThatThrownBy(() -> o.withGuard(null)).hasMessageContaining("off, warn or auto");
    }
}
