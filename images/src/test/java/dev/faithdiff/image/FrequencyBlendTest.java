package dev.faithdiff.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.util.Random;
import org.junit.jupiter.api.Test;

class FrequencyBlendTest {
    private static Image random(int width, int height, long seed) {
        byte[] rgb = new byte[3 * width * height];
        new Random(seed).nextBytes(rgb);
        return Image.of(width, height, rgb);
    }

    @Test void endsAreTheImagesThemselves() {
        for (int[] size : new int[][] {{1, 1}, {7, 3}, {61, 40}}) {
            Image a = random(size[0], size[1], 1), b = random(size[0], size[1], 2);
            assertThat(FrequencyBlend.apply(a, b, 0)).isEqualTo(a);
            assertThat(FrequencyBlend.apply(a, b, 1)).isEqualTo(b);
        }
    }

    /** Colour of one, fine pattern of the other. */
    @Test void takesTheCoarseOfOneAndTheFineOfTheOther() {
        int side = 96;
        byte[] fine = new byte[3 * side * side], flat = new byte[3 * side * side];
        for (int i = 0; i < side * side; i++) {
            for (int c = 0; c < 3; c++) {
                fine[3 * i + c] = (byte) (100 + ((i % side + i / side) % 2 == 0 ? 10 : -10));
                flat[3 * i + c] = (byte) 160;
            }
        }
        Image blend = FrequencyBlend.apply(Image.of(side, side, fine), Image.of(side, side, flat), 0.5);
        int centre = 3 * (side / 2 * side + side / 2);
        int a = blend.rgb()[centre] & 0xff, b = blend.rgb()[centre + 3] & 0xff;
        assertThat((a + b) / 2.0).as("coarse").isCloseTo(160, offset(1.0));
        assertThat(Math.abs(a - b)).as("fine").isBetween(19, 21);
    }

    @Test void sizesMustAgree() {
        assertThatThrownBy(() -> FrequencyBlend.apply(random(4, 4, 1), random(4, 5, 1), 0.5)).isInstanceOf(ImageError.class)
                .hasMessageContaining("one size");
    }
}
