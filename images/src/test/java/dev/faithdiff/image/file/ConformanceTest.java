package dev.faithdiff.image.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.SampleFiles.Sample;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Files of every kind are decoded right; damaged ones give an image or one line that names the file, never anything else. */
class ConformanceTest {
    private static final int DAMAGED = 24;

    @TempDir Path folder;

    static Collection<Sample> samples() throws IOException { return SampleFiles.all().values(); }

    @ParameterizedTest @MethodSource("samples")
    void decodes(Sample sample) throws IOException {
        Photo photo = ImageFiles.readPhoto(Files.write(folder.resolve("sample"), sample.file()));
        boolean alpha = sample.pixels().getColorModel().hasAlpha();
        assertThat(photo.opacity() != null).as("opacity").isEqualTo(alpha);
        assertThat(photo.image().bits()).isEqualTo(sample.name().endsWith("16") ? 16 : 8);
        for (int y = 0; y < SampleFiles.HEIGHT; y++) for (int x = 0; x < SampleFiles.WIDTH; x++) {
            int i = 3 * (y * SampleFiles.WIDTH + x);
            int[] expected = expected(sample.pixels(), x, y);
            for (int c = 0; c < 3; c++) {
                assertThat(Math.abs(photo.image().sample(i + c) - expected[c])).as("x %s, y %s, channel %s", x, y, c)
                        .isLessThanOrEqualTo(sample.loss());
                if (alpha) assertThat(photo.opacity().sample(i + c)).isEqualTo(expected[3]);
            }
        }
    }

    /** Red, green, blue, opacity: of a palette, or the samples; grey is repeated, and packed samples are widened to 8 bits. */
    private static int[] expected(BufferedImage in, int x, int y) {
        if (in.getColorModel() instanceof IndexColorModel) {
            int argb = in.getRGB(x, y);
            return new int[] {argb >> 16 & 0xff, argb >> 8 & 0xff, argb & 0xff, argb >>> 24};
        }
        int[] s = in.getRaster().getPixel(x, y, (int[]) null);
        for (int b = 0; b < s.length; b++) {
            int bits = in.getColorModel().getComponentSize(b), max = (1 << bits) - 1;
            if (bits < 8) s[b] = (s[b] * 255 + max / 2) / max;
        }
        return s.length < 3 ? new int[] {s[0], s[0], s[0], s[s.length - 1]} : s;
    }

    @Tag("full") @Test void damagedFilesNeverCrash() throws IOException {
        List<String> accepted = new ArrayList<>();
        Random random = new Random(7);
        for (Sample sample : samples()) {
            for (int k = 0; k < DAMAGED; k++) {
                byte[] bytes = sample.file().clone();
                if (k % 3 == 0) bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
                else {
                    int flips = 1 + random.nextInt(4);
                    for (int i = 0; i < flips; i++) bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
                }
                Path file = Files.write(folder.resolve("damaged"), bytes);
                Assertions.assertTimeout(Duration.ofSeconds(20), () -> {
                    for (boolean strict : new boolean[] {false, true}) try {
                        Photo photo = ImageFiles.readPhoto(file, strict);
                        assertThat(photo.image().rgb()).isNotEmpty();
                        if (strict) accepted.add(sample.name());
                        if (strict) assertThat(photo.remarks()).noneMatch(r -> r.contains("damaged"));
                    } catch (ImageError e) {
                        assertThat(e.getMessage()).contains("damaged").doesNotContain("\n");
                    }
                }, () -> sample + ", case of damage");
            }
        }
        // Some damage cannot be seen; were much of it accepted, or none, this test would look at the wrong thing.
        assertThat(accepted.size()).isBetween(DAMAGED, samples().size() * DAMAGED * 3 / 4);
    }

    /** 4-bit runs, single pixels with their padding, and two rows, bottom row first. */
    @Test void decodesRle4() throws IOException {
        byte[] pixels = {3, 0x12, 0, 3, 0x30, 0x10, 0, 0, 6, 0x32, 0, 1};
        ByteBuffer bmp = ByteBuffer.allocate(70 + pixels.length).order(ByteOrder.LITTLE_ENDIAN).put((byte) 'B').put((byte) 'M')
                .putInt(70 + pixels.length)
                .putInt(0).putInt(70).putInt(40).putInt(6).putInt(2).putShort((short) 1).putShort((short) 4).putInt(2).putInt(pixels.length)
                .putLong(0).putInt(4).putInt(0);
        for (int i = 0; i < 4; i++) bmp.putInt(i * 0x010101 * 50);
        Photo photo = ImageFiles.readPhoto(Files.write(folder.resolve("rle4.bmp"), bmp.put(pixels).array()));
        int[] expected = {3, 2, 3, 2, 3, 2, 1, 2, 1, 3, 0, 1};
        for (int i = 0; i < expected.length; i++) assertThat(photo.image().sample(3 * i)).isEqualTo(50 * expected[i]);
    }

    /** The same inks stored as Adobe's inverted CMYK and as YCCK. Without a profile each colour is what its ink and black leave. */
    @Test void decodesCmykAndYcck() throws IOException {
        for (int transform : new int[] {0, 2}) {
            Image image = ImageFiles.readPhoto(Files.write(folder.resolve("inks.jpg"), SampleFiles.inks(transform))).image();
            for (int x = 0; x < 16; x++) {
                int[] expected = {(200 - 5 * x) * 215 / 255, 100 * 215 / 255, 50 * 215 / 255};
                for (int c = 0; c < 3; c++) {
                    assertThat(image.sample(3 * x + c)).as("transform %s, x %s", transform, x).isBetween(expected[c] - 3, expected[c] + 3);
                }
            }
        }
    }

    /** A colour that a PNG names as transparent, in grey of 8 and colours of 8 and 16 bits. */
    @ParameterizedTest @CsvSource({"0,8", "2,8", "2,16"})
    void aTransparentColourBecomesOpacity(int colourType, int depth) throws IOException {
        int samples = colourType == 2 ? 3 : 1, bytes = samples * depth / 8;
        byte[] row = new byte[1 + 2 * bytes], key = new byte[2 * samples];
        for (int i = 0; i < bytes; i++) row[1 + i] = (byte) (7 + i);
        for (int i = 0; i < samples; i++) {
            key[2 * i] = depth == 16 ? row[1 + 2 * i] : 0;
            key[2 * i + 1] = depth == 16 ? row[2 + 2 * i] : row[1 + i];
        }
        byte[] png = BadImagesTest.png(2, 1, depth, colourType, BadImagesTest.chunk("tRNS", key), row);
        Photo photo = ImageFiles.readPhoto(Files.write(folder.resolve("key.png"), png));
        assertThat(photo.opacity().sample(0)).isZero();
        assertThat(photo.opacity().sample(3)).isEqualTo((1 << depth) - 1);
    }

    @Test void aTiffOfWhichHalfIsMissingIsStrictlyRefused() throws IOException {
        byte[] whole = SampleFiles.all().get("tiff-none-rgb8").file();
        Path file = Files.write(folder.resolve("half.tif"), Arrays.copyOf(whole, whole.length / 2));
        assertThatThrownBy(() -> ImageFiles.readPhoto(file, true)).isInstanceOf(ImageError.class).hasMessageContaining("half.tif");
    }
}
