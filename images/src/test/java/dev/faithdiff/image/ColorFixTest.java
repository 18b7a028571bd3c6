package dev.faithdiff.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ColorFixTest {
    /** Samples that may be one off, because truncation turns a last-bit difference into one level. */
    private static final double OFF_BY_ONE = 0.001;

    static List<ReferenceImages.Run> runs() { return ReferenceImages.runs().stream().filter(r -> r.has("out_nofix")).toList(); }

    @ParameterizedTest @MethodSource("runs")
    void cropsToTheUnpaddedSize(ReferenceImages.Run run) {
        assertThat(content(run)).isEqualTo(run.image("out_nofix"));
    }

    @ParameterizedTest @MethodSource("runs")
    void equalsTheReference(ReferenceImages.Run run) {
        for (ColorFix fix : ColorFix.values()) {
            if (fix == ColorFix.NONE || fix == ColorFix.LAB) continue; // nothing published
            Image expected = run.image("out_" + fix.name().toLowerCase(Locale.ROOT));
            Image actual = fix.apply(content(run), run.enlarged());
            int off = 0;
            for (int i = 0; i < expected.rgb().length; i++) {
                int difference = Math.abs((expected.rgb()[i] & 0xff) - (actual.rgb()[i] & 0xff));
                assertThat(difference).isLessThanOrEqualTo(1);
                off += difference;
            }
            assertThat(off).as("%s of %s", fix, run).isLessThanOrEqualTo((int) (OFF_BY_ONE * expected.rgb().length));
        }
    }

    /** Floats of samples give what samples give, but for a last bit. */
    @Test
    void floatsAreSamples() {
        Random random = new Random(3);
        byte[] one = new byte[3 * 20 * 15], two = new byte[one.length];
        random.nextBytes(one);
        for (int i = 0; i < two.length; i++) two[i] = (byte) (60 + random.nextInt(40) + 30 * (i % 3));
        Image content = Image.of(20, 15, one), style = Image.of(20, 15, two);
        FloatImage adain = ColorFix.adain(FloatImage.of(content), FloatImage.of(style));
        FloatImage wavelet = ColorFix.wavelet(FloatImage.of(content), FloatImage.of(style));
        near(adain.cut(8), ColorFix.adain(content, style));
        near(wavelet.cut(8), ColorFix.wavelet(content, style));
    }

    private static void near(Image actual, Image expected) {
        for (int i = 0; i < actual.rgb().length; i++) assertThat((double) actual.sample(i)).isCloseTo(expected.sample(i), Offset.offset(1.0));
    }

    @Test
    void refusesDifferentSizes() {
        assertThatThrownBy(() -> ColorFix.adain(Image.of(1, 1, new byte[3]), Image.of(2, 1, new byte[6])))
                .isInstanceOf(ImageError.class).hasMessageContaining("1x1").hasMessageContaining("2x1");
    }

    private static Image content(ReferenceImages.Run run) {
        return run.image("generated").crop(0, 0, run.size("width_init"), run.size("height_init"));
    }
}
