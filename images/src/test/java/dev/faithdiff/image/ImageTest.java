package dev.faithdiff.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ImageTest {
    @Test
    void everyByteSurvivesTheWayThroughFloats() {
        byte[] rgb = new byte[768];
        for (int i = 0; i < rgb.length; i++) rgb[i] = (byte) i;
        Image image = Image.of(16, 16, rgb);
        float[] floats = image.toFloats();
        assertThat(floats[0]).isEqualTo(-1f);
        assertThat(floats[255]).isEqualTo(1f);
        assertThat(floats[100]).isEqualTo(100 / 255f * 2f - 1f);
        assertThat(Image.fromFloats(floats, 16, 16)).isEqualTo(image);
    }

    @Test
    void outputIsClampedAndRoundedToEven() {
        // 0.5 + x/2 times 255 is 127.5 for x = 0: the even neighbour is 128.
        assertThat(Image.fromFloats(new float[]{-7f, 0f, 7f}, 1, 1).rgb()).containsExactly(0, 128, 255);
        assertThatThrownBy(() -> Image.fromFloats(new float[]{0, 0, 0, 0, Float.NaN, 0}, 2, 1))
                .isInstanceOf(ImageError.class).hasMessageContaining("x 1, y 0");
        assertThatThrownBy(() -> Image.fromFloats(new float[]{0, Float.POSITIVE_INFINITY, 0}, 1, 1, 16)).isInstanceOf(ImageError.class);
    }

    @Test
    void cropsAndPads() {
        Image image = Image.of(2, 1, new byte[]{1, 2, 3, 4, 5, 6});
        assertThat(image.crop(1, 0, 1, 1).rgb()).containsExactly(4, 5, 6);
        assertThat(image.padTo(3).rgb()).containsExactly(
                1, 2, 3, 4, 5, 6, 4, 5, 6, 1, 2, 3, 4, 5, 6, 4, 5, 6, 1, 2, 3, 4, 5, 6, 4, 5, 6);
        assertThat(image.padTo(8).crop(0, 0, 2, 1)).isEqualTo(image);
        assertThat(image.padTo(1)).isSameAs(image);
        assertThatThrownBy(() -> image.crop(1, 0, 2, 1))
                .isInstanceOf(ImageError.class).hasMessageContaining("2x1 at (1, 0)");
    }

    @Test
    void isContinuedByItsMirrorImageHoweverSmall() {
        Image image = Image.of(2, 1, new byte[]{1, 2, 3, 4, 5, 6});
        Image all = image.mirrored(3);
        assertThat(all.width() + "x" + all.height()).isEqualTo("8x7");
        byte[] row = {4, 5, 6, 4, 5, 6, 1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6, 1, 2, 3, 1, 2, 3};
        for (int y = 0; y < 7; y++) assertThat(all.crop(0, y, 8, 1).rgb()).containsExactly(row);
        assertThat(image.mirrored(0)).isSameAs(image);
    }

    @Test
    void refusesSizesThatCannotBe() {
        assertThatThrownBy(() -> Image.of(0, 1, new byte[0])).isInstanceOf(ImageError.class).hasMessageContaining("0x1");
        assertThatThrownBy(() -> Image.of(2, 2, new byte[11]))
                .isInstanceOf(ImageError.class).hasMessageContaining("takes 12 bytes, got 11");
        assertThatThrownBy(() -> Image.of(50000, 50000, new byte[3]))
                .isInstanceOf(ImageError.class).hasMessageContaining("7500000000 bytes");
    }
}
