package dev.faithdiff.image.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Deviation;
import dev.faithdiff.image.Image;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JpegTest {
    private static final Image CLEAN = ImageFiles.read(Fixtures.path("metrics/ref.png"));

    @Test
    void losesMoreAtALowerQuality() {
        double better = Double.POSITIVE_INFINITY;
        for (double quality : new double[]{100, 90, 75.5, 50, 20, 1}) {
            Image compressed = Jpeg.compressed(CLEAN, quality);
            double psnr = Deviation.decibels(compressed, CLEAN);
            assertThat(psnr).isLessThan(better);
            better = psnr;
        }
    }

    /** A red dot's colour spreads over two by two pixels, its brightness does not. */
    @Test
    void keepsColourAtHalfResolution() {
        byte[] rgb = new byte[3 * 16 * 16];
        rgb[3 * (4 * 16 + 4)] = (byte) 255;
        int[] red = new int[2], green = new int[2];
        Image dot = Jpeg.compressed(Image.of(16, 16, rgb), 100);
        for (int i = 0; i < 2; i++) {
            red[i] = dot.rgb()[3 * (4 * 16 + 4 + i)] & 0xff;
            green[i] = dot.rgb()[3 * (4 * 16 + 4 + i) + 1] & 0xff;
        }
        assertThat(red[0]).isCloseTo(120, within(25));
        assertThat(green[0]).isGreaterThan(30);
        assertThat(red[1]).isGreaterThan(10);
    }

    @ParameterizedTest @ValueSource(doubles = {0, -1, 100.5, Double.NaN})
    void refusesOtherQualities(double quality) {
        assertThatThrownBy(() -> Jpeg.compressed(CLEAN, quality)).isInstanceOf(IllegalArgumentException.class);
    }
}
