package dev.faithdiff.image.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.faithdiff.image.Image;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that other programs were reported to read wrong, each with its right values. */
class FaultsTest {
    private static final Path FILES = Path.of(System.getProperty("faithdiff.home"), "images/src/test/resources/faults");

    @TempDir Path folder;

    /** Stored colours are kept; decoders convert them by the profile, and a viewer would do so again. */
    @ParameterizedTest @ValueSource(strings = {"p3.jpg", "adobe-rgb.jpg"})
    void aJpegsSamplesStayInItsProfile(String name) {
        Photo photo = ImageFiles.readPhoto(FILES.resolve(name));
        near(photo.image(), 10, 30, 1, 200, 100, 50);
        near(photo.image(), 50, 30, 1, 60, 120, 180);
        assertThat(photo.metadata().profile()).isNotNull();
    }

    @ParameterizedTest @CsvSource({"2,35", "16,141", "31,255"})
    void associatedOpacityIsDividedOut(int x, int opacity) {
        Photo photo = ImageFiles.readPhoto(FILES.resolve("associated.tif"));
        near(photo.image(), x, 5, 4, 200, 100, 50);
        assertThat(photo.opacity().sample(3 * (5 * 32 + x))).isEqualTo(opacity);
    }

    @Test void aThumbnailIsNotThePicture() {
        Photo photo = ImageFiles.readPhoto(FILES.resolve("thumb-first.tif"));
        assertThat(photo.image().width()).isEqualTo(48);
        assertThat(photo.remarks()).as("a thumbnail is no second picture").isEmpty();
    }

    @Test void xmpPromisesNothingThatIsLost() throws IOException {
        Photo photo = ImageFiles.readPhoto(FILES.resolve("motion-and-gainmap.jpg"));
        assertThat(photo.remarks()).singleElement().asString().contains("gain map");
        for (String name : new String[] {"a.jpg", "a.png", "a.tif", "a.webp"}) {
            ImageFiles.write(photo, folder.resolve(name));
            String file = Files.readString(folder.resolve(name), StandardCharsets.ISO_8859_1);
            assertThat(file).as(name).contains("dc:source=\"kept\"").doesNotContain("MotionPhoto", "MicroVideo", "GainMap", "hdrgm", "Directory");
        }
    }

    @Test void orientationInXmpAloneIsApplied() {
        Photo photo = ImageFiles.readPhoto(FILES.resolve("turned-by-xmp.png"));
        assertThat(photo.image().width()).isEqualTo(24);
        ImageFiles.write(photo, folder.resolve("a.png"));
        Photo again = ImageFiles.readPhoto(folder.resolve("a.png"));
        assertThat(again.image()).isEqualTo(photo.image());
        assertThat(Xmp.orientation(again.metadata().xmp())).isEqualTo(1);
    }

    @Test void cicpGoesAlongOrIsMissed() throws IOException {
        Photo photo = ImageFiles.readPhoto(FILES.resolve("pq-bt2020.png"));
        assertThat(ImageFiles.write(photo, folder.resolve("a.png"))).isEmpty();
        assertThat(ImageFiles.readPhoto(folder.resolve("a.png")).metadata().colours()).isEqualTo(photo.metadata().colours());
        assertThat(ImageFiles.write(photo, folder.resolve("a.jpg"))).singleElement().asString().contains("cICP");
    }

    @ParameterizedTest @ValueSource(strings = {"a.jpg", "a.png", "a.tif", "a.webp"})
    void exifTextStaysByteForByte(String name) throws IOException {
        Photo photo = ImageFiles.readPhoto(FILES.resolve("latin1.jpg"));
        ImageFiles.write(photo.with(photo.metadata().withSettings("{}")), folder.resolve(name));
        TiffDirectory tags = TiffDirectory.first(ImageFiles.readPhoto(folder.resolve(name)).metadata().exif());
        assertThat(tags.bytes(315)).isEqualTo("Jürgen Groß\0".getBytes(StandardCharsets.ISO_8859_1));
        assertThat(tags.bytes(33432)).isEqualTo("© 2004 J. Groß\0".getBytes(StandardCharsets.ISO_8859_1));
    }

    @Test void bmpOfOs2IsWhole() {
        assertThat(ImageFiles.readPhoto(FILES.resolve("os2-24bit.bmp"), true).image().height()).isEqualTo(48);
    }

    private static void near(Image image, int x, int y, int most, int... rgb) {
        for (int c = 0; c < 3; c++) assertThat(image.sample(3 * (y * image.width() + x) + c)).isCloseTo(rgb[c], within(most));
    }
}
