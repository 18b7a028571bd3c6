package dev.faithdiff.image.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What lies under an opacity of 0 does not reach what can be seen. */
class HiddenColoursTest {
    @ParameterizedTest @ValueSource(ints = {8, 16})
    void hiddenColoursBecomeThoseOfVisibleNeighbours(int bits) {
        Photo disc = disc(bits);
        Image visible = disc.visible();
        int scale = bits == 16 ? 257 : 1;
        for (int p = 0; p < 48 * 48; p++) {
            assertThat(visible.sample(3 * p)).isEqualTo(200 * scale);
            assertThat(visible.sample(3 * p + 2)).isCloseTo(50 * scale, within(scale));
            if (disc.opacity().sample(3 * p) > 0) assertThat(visible.sample(3 * p + 1)).isEqualTo(disc.image().sample(3 * p + 1));
        }
        assertThat(visible.bits()).isEqualTo(bits);
    }

    /** A filter with black around the disc darkens its edge by more than 20 levels; with the fill it does not. */
    @Test void anEnlargedEdgeIsNotDarkened() {
        Photo disc = disc(8);
        assertThat(darkest(disc, disc.image())).isLessThan(180);
        assertThat(darkest(disc, disc.visible())).isGreaterThan(197);
    }

    private static int darkest(Photo photo, Image image) {
        Image large = Resize.resize(image, 192, 192, Filter.BICUBIC), opacity = Resize.resize(photo.opacity(), 192, 192, Filter.BICUBIC);
        int least = 255;
        for (int p = 0; p < 192 * 192; p++) if (opacity.sample(3 * p) > 127) least = Math.min(least, large.sample(3 * p));
        return least;
    }

    @Test void thePhotoItselfIsGivenWhereNothingOrAllIsHidden() {
        Image image = Image.of(2, 1, new byte[6]);
        assertThat(Photo.of(image).visible()).isSameAs(image);
        byte[] one = new byte[6];
        Arrays.fill(one, (byte) 1);
        assertThat(new Photo(image, Image.of(2, 1, one), Metadata.NONE).visible()).isSameAs(image);
        assertThat(new Photo(image, Image.of(2, 1, new byte[6]), Metadata.NONE).visible()).isSameAs(image);
    }

    @Test void oddSizesAreFilled() {
        for (int[] size : new int[][] {{1, 7}, {13, 1}, {5, 3}, {17, 31}}) {
            byte[] rgb = new byte[3 * size[0] * size[1]], opacity = new byte[rgb.length];
            for (int c = 0; c < 3; c++) {
                rgb[rgb.length - 3 + c] = 99;
                opacity[rgb.length - 3 + c] = 1;
            }
            Photo photo = new Photo(Image.of(size[0], size[1], rgb), Image.of(size[0], size[1], opacity), Metadata.NONE);
            for (byte v : photo.visible().rgb()) assertThat(v).isEqualTo((byte) 99);
        }
    }

    /** Red 200, green in stripes, blue 50 on transparent black. */
    private static Photo disc(int bits) {
        byte[] rgb = new byte[3 * 48 * 48], opacity = new byte[rgb.length];
        for (int p = 0; p < 48 * 48; p++) {
            if (Math.hypot(p % 48 - 23.5, p / 48 - 23.5) > 16) continue;
            rgb[3 * p] = (byte) 200;
            rgb[3 * p + 1] = (byte) (p % 2 * 90);
            rgb[3 * p + 2] = 50;
            for (int c = 0; c < 3; c++) opacity[3 * p + c] = (byte) 255;
        }
        boolean deep = bits == 16;
        return new Photo(Image.of(48, 48, rgb, deep ? rgb.clone() : null), Image.of(48, 48, opacity, deep ? opacity.clone() : null), Metadata.NONE);
    }
}
