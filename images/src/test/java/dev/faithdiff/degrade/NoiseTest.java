package dev.faithdiff.degrade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.faithdiff.image.FloatImage;
import dev.faithdiff.tensor.Rng;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NoiseTest {
    private static final int SIDE = 160;

    /** Two levels in the image, so two photons make the value one: a pixel of value v has variance v / 2 before clipping. */
    @ParameterizedTest @CsvSource({"false,0.1", "true,0.1", "false,0.3"})
    void photonNoiseHasThePoissonVariance(boolean grey, double scale) {
        float[] rgb = new float[3 * SIDE * SIDE];
        for (int i = 0; i < rgb.length; i++) rgb[i] = i / 3 % 2 == 0 ? 102 / 255f : 153 / 255f;
        float[] noisy = Noise.poisson(new FloatImage(SIDE, SIDE, rgb), scale, grey, Rng.cpu(3)).rgb();
        double sum = 0, squares = 0;
        int count = 0;
        for (int i = 0; i < rgb.length; i++) {
            if (grey && i % 3 > 0) assertThat(noisy[i] - rgb[i]).isCloseTo(noisy[i - 1] - rgb[i - 1], within(1e-6f));
            if (i / 3 % 2 != 0 || grey && i % 3 > 0) continue;
            double noise = (noisy[i] - rgb[i]) / scale;
            sum += noise;
            squares += noise * noise;
            count++;
        }
        assertThat(sum / count).isCloseTo(0, within(0.02));
        assertThat(squares / count).isCloseTo(0.4 / 2, within(0.01));
    }

    @Test
    void photonNoiseOfOneColourIsThatOfOnePhoton() {
        float[] white = new float[3 * SIDE * SIDE];
        Arrays.fill(white, 1f);
        float[] noisy = Noise.poisson(new FloatImage(SIDE, SIDE, white), 1, false, Rng.cpu(1)).rgb();
        int dark = 0;
        for (float v : noisy) if (v == 0) dark++;
        assertThat((double) dark / noisy.length).isCloseTo(Math.exp(-1), within(0.01));
        float[] black = Noise.poisson(new FloatImage(SIDE, SIDE, new float[3 * SIDE * SIDE]), 1, false, Rng.cpu(1)).rgb();
        for (float v : black) assertThat(v).isZero();
    }

    @Test
    void refusesDrawsThatDoNotFit() {
        FloatImage image = new FloatImage(4, 2, new float[24]);
        for (int count : new int[]{0, 7, 12, 25}) {
            assertThatThrownBy(() -> Noise.gaussian(image, 1, new float[count])).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
