package dev.faithdiff.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** CIELAB, the colour fix in it, and the difference by which both are measured. */
class LabTest {
    private static Image noise(int width, int height, int bits) {
        byte[] high = new byte[3 * width * height], low = new byte[high.length];
        new Random(width).nextBytes(high);
        new Random(height).nextBytes(low);
        return Image.of(width, height, high, bits == 16 ? low : null);
    }

    /** Values of scikit-image 0.26. */
    @ParameterizedTest
    @CsvSource({"50, 2.5, 0, 50, 0, -2.5, 4.306482", "60, -30, 40, 61, -29, 38, 1.131835", "60, 40, -0.5, 60, 40, 0.5, 0.555750",
            "30, 10, -60, 35, 20, -50, 11.540970", "30, 5, -55, 31, -5, -50, 5.238606", "0, 0, 0, 100, 0, 0, 100",
            "73, 25, -18, 50, 2.5, 0, 27.149231", "20, -60, 5, 21, -60, -5, 5.353586", "50, 0, 0, 50, -1, 2, 2.366859"})
    void differencesAreThePublishedOnes(double l1, double a1, double b1, double l2, double a2, double b2, double expected) {
        double[] x = {l1, a1, b1}, y = {l2, a2, b2};
        assertThat(DeltaE.of(x, y)).isEqualTo(expected, within(2e-6));
        assertThat(DeltaE.of(y, x)).isEqualTo(expected, within(2e-6));
    }

    @Test void thereAndBackIsTheSame() {
        for (int bits : new int[] {8, 16}) {
            Image in = noise(40, 30, bits);
            Image back = Lab.image(Lab.of(in), 40, 30, bits);
            for (int i = 0; i < in.rgb().length; i++) assertThat(Math.abs(back.sample(i) - in.sample(i))).isLessThanOrEqualTo(bits == 8 ? 0 : 2);
        }
        float[] grey = Lab.of(Image.of(1, 1, new byte[] {119, 119, 119}));
        assertThat(grey).usingComparatorWithPrecision(1e-5f).containsExactly(50.034439f, -0.0013975f, 0.0026490f); // as numpy gives it
    }

    /** An even change of colour goes away wholly, whatever the picture shows, and detail stays. */
    @Test void evenChangesGoAway() {
        Image style = smooth(96, 0, 0, 0), content = smooth(96, 14, -9, 6);
        double before = DeltaE.mean(content, style), after = DeltaE.mean(ColorFix.LAB.apply(content, style), style);
        assertThat(before).isGreaterThan(4);
        assertThat(after).isLessThan(0.6);
        Image detail = noise(96, 96, 8);
        Image kept = ColorFix.LAB.apply(detail, detail);
        assertThat(DeltaE.mean(kept, detail)).isLessThan(0.05);
    }

    @Test void sixteenBitsAgreeWithEight() {
        Image deep = Image.of(60, 60, smooth(60, 14, -9, 6).rgb(), noise(60, 60, 16).low()), style = smooth(60, 0, 0, 0);
        Image rounded = ColorFix.LAB.apply(deep, style).to8Bits(), shallow = ColorFix.LAB.apply(deep.to8Bits(), style);
        for (int i = 0; i < rounded.rgb().length; i++) assertThat(Math.abs(rounded.sample(i) - shallow.sample(i))).isLessThanOrEqualTo(2);
    }

    private static Image smooth(int side, int r, int g, int b) {
        byte[] rgb = new byte[3 * side * side];
        for (int i = 0; i < side * side; i++) {
            int x = i % side, y = i / side;
            rgb[3 * i] = (byte) (60 + x + r);
            rgb[3 * i + 1] = (byte) (70 + y + g);
            rgb[3 * i + 2] = (byte) (150 - (x + y) / 2 + b);
        }
        return Image.of(side, side, rgb);
    }

    /** Whatever works on a picture that goes round gives the same for the turned picture, turned. */
    @Test void wrappedWorkDoesNotKnowWhereThePictureBegins() {
        Image a = noise(70, 50, 8), b = noise(50, 70, 8).upright(6), other = Resize.resize(b, 70, 50, Filter.BICUBIC);
        for (ColorFix fix : new ColorFix[] {ColorFix.WAVELET, ColorFix.LAB}) {
            Image straight = fix.apply(a, other, Wrap.XY), turned = fix.apply(turned(a), turned(other), Wrap.XY);
            assertThat(turned).as(fix.toString()).isEqualTo(turned(straight));
            assertThat(fix.apply(a, other, Wrap.NONE)).isEqualTo(fix.apply(a, other)).isNotEqualTo(straight);
        }
        assertThat(FrequencyBlend.apply(turned(a), turned(other), 0.4, Wrap.XY)).isEqualTo(turned(FrequencyBlend.apply(a, other, 0.4, Wrap.XY)));
        for (Filter filter : new Filter[] {Filter.LANCZOS, Filter.BICUBIC}) {
            Image large = Wrap.XY.resized(a, 140, 100, filter);
            assertThat(Wrap.XY.resized(turned(a), 140, 100, filter)).isEqualTo(large.part(2 * 33, 2 * 17, 140, 100, Wrap.XY));
            assertThat(Wrap.X.resized(a, 33, 27, filter)).hasToString("Image 33x27");
            assertThat(Wrap.NONE.resized(a, 140, 100, filter)).isEqualTo(Resize.resize(a, 140, 100, filter));
        }
    }

    private static Image turned(Image image) { return image.part(33, 17, image.width(), image.height(), Wrap.XY); }
}
