package dev.faithdiff.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class HeatMapTest {
    @Test void colorsGoFromThePhotoToRed() {
        HeatMap map = new HeatMap(5, 1, new float[] {2, 2.5f, 3, 3.5f, 4});
        byte[] grey = new byte[15];
        Arrays.fill(grey, (byte) 100);
        // Matplotlib's jet at 0, 1/4, 1/2, 3/4, 1: (0, 0, .5), (0, .5, 1), (.484, 1, .484), (1, .593, 0), (.5, 0, 0).
        assertThat(map.over(Image.of(5, 1, grey)).rgb()).asHexString().isEqualTo("646464" + "4B6B8B" + "70B270" + "D88A19" + "800000");
    }

    @Test void aFlatMapShowsThePhoto() {
        Image photo = Image.of(2, 1, new byte[] {1, 2, 3, 4, 5, 6});
        assertThat(new HeatMap(2, 1, new float[] {7, 7}).over(photo)).isEqualTo(photo);
    }

    /** Values of PyTorch's bicubic interpolation of 0, 1 to four places: weights of a = -3/4 at distances of 1/4 and 3/4, borders repeated. */
    @Test void growsAsInPyTorch() {
        HeatMap map = new HeatMap(2, 1, new float[] {0, 1}), large = map.resized(4, 2);
        assertThat(large).isEqualTo(new HeatMap(4, 2, new float[] {-0.10546875f, 0.26171875f - 0.03515625f, 0.7734375f, 1.10546875f,
            -0.10546875f, 0.26171875f - 0.03515625f, 0.7734375f, 1.10546875f}));
        assertThat(map.resized(2, 1)).isSameAs(map);
    }

    @Test void partsAndExtremes() {
        HeatMap map = new HeatMap(3, 2, new float[] {1, 2, 3, 4, 5, 6});
        assertThat(map.crop(1, 0, 2, 2)).isEqualTo(new HeatMap(2, 2, new float[] {2, 3, 5, 6}));
        assertThat(map.min()).isEqualTo(1);
        assertThat(map.max()).isEqualTo(6);
        assertThatThrownBy(() -> map.over(Image.of(2, 2, new byte[12]))).isInstanceOf(ImageError.class).hasMessageContaining("3x2");
        assertThatThrownBy(() -> new HeatMap(2, 2, new float[3])).isInstanceOf(ImageError.class);
    }
}
