package dev.faithdiff.image.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import java.io.IOException;
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
