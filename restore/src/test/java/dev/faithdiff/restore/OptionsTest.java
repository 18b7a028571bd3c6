package dev.faithdiff.restore;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.FIDELITY;
import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.CommonOptions.RNG;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE_RESCALE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.SAMPLER;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.ColorFix;
import dev.faithdiff.restore.diffusion.Samplers;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Options keep what they were given, refuse what breaks a rule, and are values. */
class OptionsTest {
    @Test void defaultsArePublished() {
        Options o = Options.defaults();
        assertThat(o.get(SCALE)).isEqualTo(4);
        assertThat(o.get(STEPS)).isEqualTo(20);
        assertThat(o.get(GUIDANCE)).isNull();
        assertThat(o.get(SEED)).isEqualTo(42);
        assertThat(o.get(STRENGTH)).isEqualTo(1);
        assertThat(o.get(FIDELITY)).isZero();
        assertThat(o.get(RNG)).isEqualTo(RandomNumbers.CPU);
        assertThat(o.get(COLOR_FIX)).isEqualTo(ColorFix.ADAIN);
        assertThat(o.get(SAMPLER)).isNull();
        assertThat(o.get(TILE)).isEqualTo(1024);
        assertThat(o.get(OVERLAP)).isEqualTo(0.5);
    }

    @Test void changesAreCopies() {
        Options before = Options.defaults();
        Options o = before.with(SCALE, 2.0).with(NEGATIVE, null).with(STRENGTH, 0.5).with(GUARD, Guard.OFF).with(SAMPLER, Samplers.DDIM)
                .with(GUIDANCE_RESCALE, 0.7);
        assertThat(before).isEqualTo(Options.defaults());
        assertThat(o.get(SCALE)).isEqualTo(2);
        assertThat(o.get(NEGATIVE)).isNull();
        assertThat(o.get(STRENGTH)).isEqualTo(0.5);
        assertThat(o.get(GUARD)).isEqualTo(Guard.OFF);
        assertThat(o.get(GUIDANCE_RESCALE)).isEqualTo(0.7);
        assertThat(o.get(STEPS)).as("untouched").isEqualTo(20);
        assertThat(o).isNotEqualTo(before).hasToString("{guard=off, guidance-rescale=0.7, negative=null, sampler=ddim, scale=2, strength=0.5}");
        Options back = o.with(SCALE, 4.0).with(NEGATIVE, "").with(STRENGTH, 1.0).with(GUARD, Guard.WARN).with(SAMPLER, null)
                .with(GUIDANCE_RESCALE, 0.0);
        assertThat(back).isEqualTo(before).hasSameHashCodeAs(before);
    }

    @Test void someAlone() {
        Options o = Options.defaults().with(SCALE, 2.0).with(NEGATIVE, null).with(SAMPLER, Samplers.DDIM);
        assertThat(o.values(List.of(STEPS, NEGATIVE, SAMPLER, GUIDANCE)).toString())
                .isEqualTo("{steps=20, negative=null, sampler=ddim, guidance=null}");
        assertThat(o.only(List.of(SCALE, STEPS))).isEqualTo(Options.defaults().with(SCALE, 2.0));
        o.requireOnly(List.of(SAMPLER, NEGATIVE, SCALE));
        assertThatThrownBy(() -> o.requireOnly(List.of(SCALE))).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("this model has no negative, sampler; leave it out");
    }

    @Test void twoOptionsOfOneNameAreTwo() {
        Option<Integer> other = Option.whole("scale", 1, 1, 100, "Another system's.");
        assertThat(Options.defaults().with(other, 50).get(SCALE)).isEqualTo(4);
    }

    @Test void refusesInOneLine() {
        Options o = Options.defaults();
        assertThatThrownBy(() -> o.with(SCALE, 17.0)).isInstanceOf(IllegalArgumentException.class).hasMessage("scale must be 0.1..16, not 17");
        assertThatThrownBy(() -> o.with(STRENGTH, 1.1)).hasMessage("strength must be 0..1, not 1.1");
        assertThatThrownBy(() -> o.with(FIDELITY, Double.NaN)).hasMessage("fidelity must be 0..1, not NaN");
        assertThatThrownBy(() -> o.with(OVERLAP, 0.0)).hasMessage("overlap must be above 0 and at most 1, not 0.0");
        assertThatThrownBy(() -> o.with(GUIDANCE, -1.0)).hasMessage("guidance must be a number of at least 0, not -1.0");
        assertThatThrownBy(() -> o.with(GUIDANCE, Double.NaN)).hasMessageContaining("guidance must be");
        assertThatThrownBy(() -> o.with(PROMPT, null)).hasMessage("prompt must be a text, not null");
        assertThatThrownBy(() -> o.with(GUARD, null)).hasMessage("guard must be off, warn or auto, not null");
        assertThatThrownBy(() -> o.with(TILE, 0)).hasMessage("tile must be at least 64 pixels, not 0");
        assertThatThrownBy(() -> o.with(VAE_TILE, 63)).hasMessage("vae-tile must be 0 or at least 64 pixels, not 63");
    }

    /** A whole scale is shown as it always was. */
    @Test void wholeScalesHaveNoFraction() {
        Options o = Options.defaults();
        assertThat(SCALE.otherwise()).isEqualTo("the model's, else 4");
        assertThat(SCALE.rule()).isEqualTo("0.1..16");
        assertThat(o.values(List.of(SCALE))).containsEntry("scale", 4);
        assertThat(o.parsed(SCALE, "2").values(List.of(SCALE))).containsEntry("scale", 2);
        assertThat(o.parsed(SCALE, "1.5").values(List.of(SCALE))).containsEntry("scale", 1.5);
        assertThat(o.parsed(SCALE, "2").toString()).isEqualTo("{scale=2}");
        assertThatThrownBy(() -> SCALE.parse("NaN")).hasMessage("scale must be 0.1..16, not NaN");
        assertThatThrownBy(() -> SCALE.parse("0")).hasMessage("scale must be 0.1..16, not 0");
    }

    @Test void readsTexts() {
        assertThat(STEPS.parse("7")).isEqualTo(7);
        assertThat(SEED.parse("-9223372036854775808")).isEqualTo(Long.MIN_VALUE);
        assertThat(OVERLAP.parse("1")).isEqualTo(1);
        assertThat(PROMPT.parse("")).isEmpty();
        assertThat(COLOR_FIX.parse("Wavelet")).isEqualTo(ColorFix.WAVELET);
        assertThatThrownBy(() -> STEPS.parse("many")).hasMessage("steps must be 1..1000, not many");
        assertThatThrownBy(() -> STEPS.parse("0")).hasMessage("steps must be 1..1000, not 0");
        assertThatThrownBy(() -> SEED.parse("9223372036854775808")).hasMessage("seed must be a whole number, not 9223372036854775808");
        assertThatThrownBy(() -> GUARD.parse("maybe")).hasMessage("guard must be off, warn or auto, not maybe");
    }
}
