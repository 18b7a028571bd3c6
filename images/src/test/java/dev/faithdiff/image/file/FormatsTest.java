package dev.faithdiff.image.file;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The picture images/lossless.png in the other formats, written by Pillow. */
class FormatsTest {
    private static final Path IMAGES = Path.of(System.getProperty("faithdiff.home"), "images/src/test/resources/images");

    @TempDir Path folder;

    static List<Path> images() throws IOException {
        try (Stream<Path> files = Files.list(IMAGES)) {
            return files.sorted().toList();
        }
    }

    @ParameterizedTest @MethodSource("images")
    void showsThePicture(Path file) {
        Image picture = ImageFiles.read(IMAGES.resolve("lossless.png"));
        Image image = ImageFiles.read(file);
        if (file.getFileName().toString().startsWith("lossless")) {
            assertThat(image).isEqualTo(picture);
            return;
        }
        double[] sums = new double[3];
        for (int i = 0; i < picture.rgb().length; i++) {
            int difference = (image.rgb()[i] & 0xff) - (picture.rgb()[i] & 0xff);
            assertThat(Math.abs(difference)).isLessThan(20);
            sums[i % 3] += difference;
        }
        for (double sum : sums) assertThat(Math.abs(3 * sum / picture.rgb().length)).as("mean error of a channel").isLessThan(1);
    }

    @Test
    void readsBmpFromTheBottomUp() throws IOException {
        byte[] bmp = ByteBuffer.allocate(62).order(ByteOrder.LITTLE_ENDIAN).put((byte) 'B').put((byte) 'M').putInt(62).putInt(0).putInt(54)
                .putInt(40).putInt(1).putInt(2).putShort((short) 1).putShort((short) 24).putInt(0).putInt(8).putLong(0).putLong(0)
                .put(new byte[]{3, 2, 1, 0, 6, 5, 4, 0}).array();
        assertThat(ImageFiles.read(Files.write(folder.resolve("a"), bmp)).rgb()).containsExactly(4, 5, 6, 1, 2, 3);
    }
}
