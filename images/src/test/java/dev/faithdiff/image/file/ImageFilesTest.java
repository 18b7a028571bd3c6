package dev.faithdiff.image.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Writing, and reading back what was written. */
class ImageFilesTest {
    @TempDir Path folder;

    @ParameterizedTest @ValueSource(strings = {"a.png", "a.PNG", "noextension", "a.tif", "a.tiff"})
    void losslessFormatsReadBackTheSame(String name) {
        for (Image image : new Image[]{noise(1, 1), noise(20000, 1), noise(1, 3000), noise(67, 41)}) {
            ImageFiles.write(image, folder.resolve(name));
            assertThat(ImageFiles.read(folder.resolve(name))).isEqualTo(image);
        }
    }

    @ParameterizedTest @ValueSource(strings = {"a.jpg", "a.jpeg"})
    void jpegKeepsColoursOfSinglePixels(String name) {
        // Red and blue in turn: with a quarter of the colour samples both would come back violet.
        byte[] rgb = new byte[3 * 64 * 64];
        for (int i = 0; i < rgb.length / 3; i++) rgb[3 * i + (i % 2 == 0 ? 0 : 2)] = (byte) 255;
        Image image = Image.of(64, 64, rgb);
        ImageFiles.write(image, folder.resolve(name));
        Image read = ImageFiles.read(folder.resolve(name));
        for (int i = 0; i < rgb.length; i++) assertThat(Math.abs((read.rgb()[i] & 0xff) - (rgb[i] & 0xff))).isLessThan(40);
    }

    @ParameterizedTest @ValueSource(strings = {"a.png", "a.jpg", "a.tif", "a.webp"})
    void sameImageGivesSameBytesAndNothingElseIsLeft(String name) throws IOException {
        Path file = folder.resolve(name);
        ImageFiles.write(noise(50, 30), file);
        byte[] first = Files.readAllBytes(file);
        ImageFiles.write(noise(9, 9), file);
        ImageFiles.write(noise(50, 30), file);
        assertThat(Files.readAllBytes(file)).isEqualTo(first);
        assertThat(names()).containsExactly(name);
    }

    @Test
    void aFailedWriteKeepsTheOldFileAndLeavesNothingBehind() throws IOException {
        Path file = folder.resolve("a.jpg");
        ImageFiles.write(noise(5, 5), file);
        byte[] before = Files.readAllBytes(file);
        assertThatThrownBy(() -> ImageFiles.write(noise(70000, 1), file))
                .isInstanceOf(ImageError.class).hasMessageContaining("cannot write " + file);
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
        assertThat(names()).containsExactly("a.jpg");
    }

    @Test
    void refusesTargetsThatCannotBeWritten() throws IOException {
        Path inFile = Files.createFile(folder.resolve("plain")).resolve("a.png");
        Files.createDirectory(folder.resolve("folder.png"));
        refused(folder.resolve("a.xyz"), ".xyz is not one of .png");
        refused(folder.resolve("a.bmp"), ".bmp is not one of .png");
        refused(folder.resolve("missing/a.png"), "its folder does not exist");
        refused(folder.resolve("folder.png"), "it is a folder");
        refused(inFile, "cannot write " + inFile);
        refused(Path.of("/"), "it is a folder");
        assertThatCode(() -> ImageFiles.checkWritable(folder.resolve("a.png"))).doesNotThrowAnyException();
        assertThat(names()).containsExactlyInAnyOrder("plain", "folder.png");
    }

    @ParameterizedTest @ValueSource(strings = {"jpg", "jpeg", "jpe", "jfif", "jif", "JPG", "JFIF", "png", "apng", "tif", "TIFF", "webp",
        "WebP", "bmp", "dib", "gif"})
    void everyUsualExtensionNamesAPhoto(String extension) {
        Path path = folder.resolve("a." + extension);
        assertThat(ImageFiles.isPhoto(path)).isTrue();
        assertThat(ImageFiles.isOtherPhoto(path)).isFalse();
        assertThat(ImageFiles.isPhoto(folder.resolve("." + extension))).as("hidden").isFalse();
        if (!ImageFormat.named(extension).written()) return;
        ImageFiles.write(noise(5, 4), path);
        assertThat(ImageFiles.readPhoto(path, true).image().width()).isEqualTo(5);
    }

    @ParameterizedTest @ValueSource(strings = {"heic", "AVIF", "jxl", "NEF", "cr3", "dng"})
    void photosOfOtherFormatsAreKnownByName(String extension) {
        assertThat(ImageFiles.isOtherPhoto(folder.resolve("a." + extension))).isTrue();
        assertThat(ImageFiles.isPhoto(folder.resolve("a." + extension))).isFalse();
    }

    @Test void anEncodingNamesFormatAndQuality() throws IOException {
        Image image = noise(64, 64);
        Path best = folder.resolve("best"), worst = folder.resolve("worst.png");
        ImageFiles.write(Photo.of(image), best, new Encoding(ImageFormat.JPEG, 100));
        ImageFiles.write(Photo.of(image), worst, new Encoding(ImageFormat.JPEG, 10));
        assertThat(Files.size(best)).isGreaterThan(2 * Files.size(worst));
        assertThat(ImageFiles.read(worst).width()).as("a JPEG, whatever its name").isEqualTo(64);
        assertThat(Encoding.of(Path.of("a.jpe"))).isEqualTo(new Encoding(ImageFormat.JPEG, 95));
        for (int quality : new int[] {0, 101}) {
            assertThatThrownBy(() -> new Encoding(ImageFormat.JPEG, quality)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> new Encoding(ImageFormat.BMP)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("BMP");
    }

    @Test void photosComeFromBytesAndStreams() throws IOException {
        Path file = folder.resolve("a.png");
        ImageFiles.write(noise(5, 4), file);
        Photo photo = ImageFiles.readPhoto(file);
        assertThat(ImageFiles.readPhoto(Files.readAllBytes(file), "bytes", true)).isEqualTo(photo);
        try (InputStream in = Files.newInputStream(file)) {
            assertThat(ImageFiles.readPhoto(in, "stream", true)).isEqualTo(photo);
        }
        assertThatThrownBy(() -> ImageFiles.readPhoto(new byte[0], "bytes", false)).isInstanceOf(ImageError.class).hasMessage("bytes is empty");
    }

    @Test void imagesGoToJavaDesktopAndBack() {
        Image image = noise(7, 5), deep = Image.of(7, 5, image.rgb(), noise(5, 7).rgb());
        for (Image i : new Image[] {image, deep}) assertThat(Pixels.image(Pixels.buffered(i))).isEqualTo(i);
        for (int type : new int[] {BufferedImage.TYPE_INT_RGB, BufferedImage.TYPE_INT_ARGB, BufferedImage.TYPE_3BYTE_BGR,
                BufferedImage.TYPE_4BYTE_ABGR,
            BufferedImage.TYPE_INT_BGR}) {
            var other = new BufferedImage(7, 5, type);
            other.setRGB(0, 0, 7, 5, Pixels.buffered(image).getRGB(0, 0, 7, 5, null, 0, 7), 0, 7);
            assertThat(Pixels.image(other)).isEqualTo(image);
        }
    }

    /** The reason is the system's own, and names the first folder that was tried. */
    @Test void aLibraryThatCannotBeLoadedHasItsReason() throws IOException {
        assertThat(WebpLibrary.refuses(folder.resolve("none"), InputStream.nullInputStream())).isEqualTo("there is no such folder");
        Path library = Files.writeString(folder.resolve("library"), "no library");
        assertThat(WebpLibrary.refuses(folder, Files.newInputStream(library))).isNotEmpty().doesNotContain("\n", folder.toString());
        assertThat(names()).as("nothing stays behind").containsExactly("library");
    }

    private void refused(Path path, String why) {
        assertThatThrownBy(() -> ImageFiles.checkWritable(path)).isInstanceOf(ImageError.class).hasMessageContaining(why);
        assertThatThrownBy(() -> ImageFiles.write(noise(2, 2), path))
                .isInstanceOf(ImageError.class).hasMessageContaining(why);
    }

    private String[] names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).toArray(String[]::new);
        }
    }

    private static Image noise(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        new Random(width).nextBytes(rgb);
        return Image.of(width, height, rgb);
    }
}
