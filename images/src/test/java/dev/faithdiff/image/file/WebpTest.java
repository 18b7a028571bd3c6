package dev.faithdiff.image.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What libwebp writes without loss is read without loss, whatever it makes of the picture. */
class WebpTest {
    /** Colour tables of each size, with and without the transparent colour that libwebp leaves out of them; and pictures without a table. */
    @ParameterizedTest @ValueSource(ints = {1, 2, 3, 4, 5, 16, 17, 100, 256, 257, 5000, 1 << 24})
    void anyNumberOfColours(int colours) {
        for (int[] size : new int[][] {{1, 1}, {7, 1}, {1, 9}, {83, 61}, {300, 130}}) {
            for (boolean opaque : new boolean[] {true, false}) {
                Random random = new Random(colours);
                int[] table = random.ints(Math.min(colours, 5000)).toArray();
                byte[] rgb = Image.blank(size[0], size[1]), opacity = new byte[rgb.length];
                for (int i = 0; i < rgb.length; i += 3) {
                    int x = i / 3 % size[0], y = i / 3 / size[0];
                    int named = table[(x / 3 * y + random.nextInt(2)) % table.length];
                    int colour = colours == 1 << 24 ? (x * 2 << 16 | y << 8 | x + y) + random.nextInt(3) : named;
                    boolean hidden = !opaque && x % 5 < 2;
                    for (int c = 0; c < 3; c++) rgb[i + c] = (byte) (hidden ? 0 : colour >> 8 * c);
                    Arrays.fill(opacity, i, i + 3, (byte) (hidden ? 0 : opaque ? 255 : 1 + (colour & 127)));
                }
                Image image = Image.of(size[0], size[1], rgb);
                Photo photo = new Photo(image, opaque ? null : Image.of(size[0], size[1], opacity), Metadata.NONE);
                Photo read = ImageFiles.readPhoto(written(photo), "a.webp", true);
                assertThat(read.image()).isEqualTo(image);
                if (!opaque) assertThat(read.opacity()).isEqualTo(photo.opacity());
            }
        }
    }

    /** Its file has 50 bytes. */
    @Test void aPlainPictureIsNoAttack() {
        Image plain = Image.of(3000, 2000, Image.blank(3000, 2000));
        assertThat(ImageFiles.readPhoto(written(Photo.of(plain)), "a.webp", true).image()).isEqualTo(plain);
        byte[] smallest = chunks("WEBP", chunk("VP8L", new byte[] {0x2f, 0x63, (byte) 0xc0, 0x18, 0x10, (byte) 0x88, (byte) 0x88, 8}));
        assertThat(ImageFiles.readPhoto(smallest, "a.webp", true).image()).isEqualTo(Image.of(100, 100, Image.blank(100, 100)));
    }

    /** Each transform goes over all pixels and costs three bits of the file. */
    @Test void aTransformIsThereOnce() {
        byte[] endless = new byte[1000];
        System.arraycopy(new byte[] {0x2f, 0x63, (byte) 0xc0, 0x18, 0x10}, 0, endless, 0, 5);
        for (int i = 5; i < endless.length; i++) endless[i] = (byte) (0b101101101101101101101101 >> 8 * ((i - 5) % 3));
        assertThatThrownBy(() -> ImageFiles.readPhoto(chunks("WEBP", chunk("VP8L", endless)), "a.webp", false))
                .hasMessageContaining("transformed twice");
    }

    @Test void theFirstFrameLiesOnItsCanvas() {
        byte[] rgb = new byte[3 * 4 * 3];
        new Random(1).nextBytes(rgb);
        byte[] still = written(Photo.of(Image.of(4, 3, rgb))), frame = {3, 0, 0, 1, 0, 0, 3, 0, 0, 2, 0, 0, 9, 0, 0, 0};
        byte[] animation = chunks("WEBP", chunk("VP8X", new byte[] {0x12, 0, 0, 0, 19, 0, 0, 9, 0, 0}), chunk("ANIM", new byte[6]),
                chunk("ANMF", joined(frame, Arrays.copyOfRange(still, 12, still.length))));
        Photo read = ImageFiles.readPhoto(animation, "a.webp", true);
        assertThat(read.image().crop(6, 2, 4, 3)).isEqualTo(Image.of(4, 3, rgb));
        assertThat(read.opacity().crop(6, 2, 4, 3).rgb()).containsOnly(255);
        assertThat(read.image().width()).isEqualTo(20);
        assertThat(read.opacity().crop(0, 0, 6, 10).rgb()).containsOnly(0);
    }

    /** Opacity beside a lossy picture, as differences from the left, the top or both. */
    @ParameterizedTest @CsvSource({"0", "1", "2", "3"})
    void opacityWithoutCompression(int filter) throws IOException {
        int width = SampleFiles.WIDTH, height = SampleFiles.HEIGHT;
        byte[] lossy = SampleFiles.all().get("webp-lossy").file(), picture = Arrays.copyOfRange(lossy, 12, lossy.length);
        byte[] stored = new byte[1 + width * height];
        stored[0] = (byte) (filter << 2);
        byte[] wanted = new byte[3 * width * height];
        new Random(2).nextBytes(wanted);
        for (int i = 0; i < width * height; i++) {
            int x = i % width, left = x == 0 ? 0 : wanted[3 * i - 3] & 0xff, top = i < width ? 0 : wanted[3 * (i - width)] & 0xff;
            int both = x == 0 || i < width ? 0 : Math.clamp(left + top - (wanted[3 * (i - width - 1)] & 0xff), 0, 255);
            if (x == 0) both = left = top;
            if (i < width) both = top = left;
            stored[1 + i] = (byte) (wanted[3 * i] - new int[] {0, left, top, both}[filter]);
            wanted[3 * i + 1] = wanted[3 * i + 2] = wanted[3 * i];
        }
        byte[] extended = {0x10, 0, 0, 0, (byte) (width - 1), 0, 0, (byte) (height - 1), 0, 0};
        byte[] file = chunks("WEBP", chunk("VP8X", extended), chunk("ALPH", stored), picture);
        assertThat(ImageFiles.readPhoto(file, "a.webp", true).opacity()).isEqualTo(Image.of(width, height, wanted));
    }

    @Test void damageGivesWhatIsBeforeItOrOneLine() {
        byte[] rgb = new byte[3 * 64 * 48];
        for (int i = 0; i < rgb.length; i++) rgb[i] = (byte) (i * i >> 9);
        byte[] whole = written(Photo.of(Image.of(64, 48, rgb)));
        Random random = new Random(3);
        int read = 0;
        for (int n = 0; n < 2000; n++) {
            byte[] file = whole.clone();
            for (int k = random.nextInt(4); k >= 0; k--) file[20 + random.nextInt(file.length - 20)] ^= (byte) (1 << random.nextInt(8));
            try {
                byte[] cut = n % 2 == 0 ? file : Arrays.copyOf(file, 20 + random.nextInt(file.length - 20));
                assertThat(ImageFiles.readPhoto(cut, "a.webp", false).image().width()).isPositive();
                read++;
            } catch (ImageError e) {
                assertThat(e.getMessage()).contains("a.webp").doesNotContain("\n").doesNotContain("Exception");
            }
        }
        assertThat(read).isBetween(200, 1999);
        assertThatThrownBy(() -> ImageFiles.readPhoto(Arrays.copyOf(whole, whole.length - 9), "a.webp", true)).hasMessageContaining("damaged");
    }

    private static byte[] written(Photo photo) {
        var out = new ByteArrayOutputStream();
        ImageFiles.write(photo, out, new Encoding(ImageFormat.WEBP));
        return out.toByteArray();
    }

    private static byte[] chunks(String type, byte[]... chunks) {
        return chunk("RIFF", joined(type.getBytes(StandardCharsets.US_ASCII), joined(chunks)));
    }

    private static byte[] chunk(String type, byte[] data) {
        return ByteBuffer.allocate(8 + data.length + data.length % 2).order(ByteOrder.LITTLE_ENDIAN).put(type.getBytes(StandardCharsets.US_ASCII))
                .putInt(data.length).put(data).array();
    }

    private static byte[] joined(byte[]... parts) {
        var all = new ByteArrayOutputStream();
        for (byte[] part : parts) all.writeBytes(part);
        return all.toByteArray();
    }
}
