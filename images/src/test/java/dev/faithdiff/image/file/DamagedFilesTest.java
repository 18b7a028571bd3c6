package dev.faithdiff.image.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Collection;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged photos are read as far as they go, with one remark; strictly they are refused, in one line. */
@Tag("full")
class DamagedFilesTest {
    private static final int WIDTH = 96, HEIGHT = 80;
    private static final Image IMAGE = image();

    static Collection<SampleFiles.Sample> samples() throws IOException { return SampleFiles.all().values(); }

    @ParameterizedTest @ValueSource(strings = {"PNG", "JPEG", "TIFF", "WEBP"})
    void aFileCutShortGivesItsFirstRows(String format) {
        byte[] whole = encoded(ImageFormat.valueOf(format));
        byte[] cut = Arrays.copyOf(whole, whole.length * 3 / 4);
        Photo photo = null;
        try {
            photo = ImageFiles.readPhoto(cut, "cut", false);
        } catch (ImageError e) {
            assertThat(format).as("of TIFF's one strip less is to be had: " + e.getMessage()).isEqualTo("TIFF");
        }
        if (photo != null) {
            assertThat(photo.image().height()).isEqualTo(HEIGHT);
            assertThat(photo.remarks()).singleElement().asString().contains("damaged");
            for (int i = 0; i < 3 * WIDTH * HEIGHT / 2; i++) assertThat(Math.abs(photo.image().sample(i) - IMAGE.sample(i))).isLessThan(24);
        }
        assertThatThrownBy(() -> ImageFiles.readPhoto(cut, "cut", true)).isInstanceOf(ImageError.class).hasMessageContaining("cut")
                .hasMessageContaining("damaged");
    }

    @Test void aJpegWithoutItsEndMarkIsWhole() {
        byte[] whole = encoded(ImageFormat.JPEG), cut = Arrays.copyOf(whole, whole.length - 2);
        Photo photo = ImageFiles.readPhoto(cut, "no end", false);
        assertThat(photo.image()).isEqualTo(ImageFiles.readPhoto(whole, "whole", true).image());
        assertThat(photo.remarks()).hasSize(1);
        assertThatThrownBy(() -> ImageFiles.readPhoto(cut, "no end", true)).isInstanceOf(ImageError.class);
    }

    @Test void aPngWithAWrongChecksumKeepsItsPixels() {
        byte[] png = encoded(ImageFormat.PNG);
        png[png.length - 13] ^= 1;
        Photo photo = ImageFiles.readPhoto(png, "checksum", false);
        assertThat(photo.image()).isEqualTo(IMAGE);
        assertThat(photo.remarks()).singleElement().asString().contains("checksum of its IDAT part");
        assertThatThrownBy(() -> ImageFiles.readPhoto(png, "checksum", true)).isInstanceOf(ImageError.class).hasMessageContaining("checksum");
    }

    /** A phone's photo is turned by its EXIF, which stands at the beginning. */
    @Test void metadataOfACutFileIsKept() {
        Metadata metadata = new Metadata(exif(), null, null, null, null);
        for (ImageFormat format : new ImageFormat[] {ImageFormat.JPEG, ImageFormat.PNG}) {
            var out = new ByteArrayOutputStream();
            ImageFiles.write(new Photo(IMAGE, null, metadata), out, new Encoding(format));
            Photo photo = ImageFiles.readPhoto(Arrays.copyOf(out.toByteArray(), out.size() * 9 / 10), "cut", false);
            assertThat(TiffDirectory.first(photo.metadata().exif()).bytes(315)).as(format.name()).containsExactly('M', 'e', 0);
        }
    }

    @Test void anInterlacedPngCutShortHasNoHoles() throws IOException {
        SampleFiles.Sample sample = SampleFiles.all().get("png-interlaced-rgb8");
        Photo photo = ImageFiles.readPhoto(Arrays.copyOf(sample.file(), sample.file().length * 2 / 3), "cut", false);
        for (int i = 0; i < photo.image().rgb().length; i += 3) assertThat(photo.image().sample(i)).isGreaterThan(0);
    }

    @ParameterizedTest @MethodSource("samples")
    void cutAnywhereGivesAPhotoOrOneLine(SampleFiles.Sample sample) {
        byte[] file = sample.file();
        Set<Integer> lengths = new TreeSet<>();
        for (int k = 0; k < 20; k++) lengths.add(1 + k * (file.length - 1) / 20);
        for (int k = 1; k < 20; k += 3) lengths.add(Math.max(1, file.length - k));
        for (int length : lengths) for (boolean strict : new boolean[] {false, true}) {
            try {
                Photo photo = ImageFiles.readPhoto(Arrays.copyOf(file, length), "cut", strict);
                assertThat(photo.image().width()).isEqualTo(SampleFiles.WIDTH);
                assertThat(photo.remarks().size()).isLessThanOrEqualTo(1);
            } catch (ImageError e) {
                assertThat(e.getMessage()).contains("cut").doesNotContain("\n");
            }
        }
    }

    private static byte[] exif() {
        TiffDirectory d = new TiffDirectory(ByteOrder.LITTLE_ENDIAN);
        d.put(315, TiffDirectory.ASCII, new byte[] {'M', 'e', 0});
        return d.written();
    }

    private static byte[] encoded(ImageFormat format) {
        var out = new ByteArrayOutputStream();
        ImageFiles.write(Photo.of(IMAGE), out, new Encoding(format));
        return out.toByteArray();
    }

    /** Smooth and bright, with a little noise, so that files have some length. */
    private static Image image() {
        byte[] rgb = new byte[3 * WIDTH * HEIGHT];
        var random = new Random(5);
        for (int i = 0; i < rgb.length; i++) rgb[i] = (byte) (150 + 60 * Math.sin(i / 3 % WIDTH * 0.05 + i % 3) + random.nextInt(12));
        return Image.of(WIDTH, HEIGHT, rgb);
    }
}
