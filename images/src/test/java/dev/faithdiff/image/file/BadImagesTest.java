package dev.faithdiff.image.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are no whole image, read strictly, and kinds of image other than 8-bit RGB. */
class BadImagesTest {
    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    private static final byte[] END = chunk("IEND", new byte[0]);

    @TempDir Path folder;

    @Test
    void namesWhatIsNotAFileOrNotAnImage() throws IOException {
        Path missing = folder.resolve("missing.png");
        assertThatThrownBy(() -> ImageFiles.read(missing))
                .isInstanceOf(ImageError.class).hasMessage(missing + " does not exist");
        assertThatThrownBy(() -> ImageFiles.read(folder)).isInstanceOf(ImageError.class).hasMessageContaining("is a folder");
        refused(new byte[0], "is empty");
        refused(new byte[]{'B'}, "is not a PNG, JPEG, WebP, TIFF, BMP or GIF image");
        refused("once upon a time".getBytes(StandardCharsets.US_ASCII), "is not a PNG");
    }

    @ParameterizedTest @ValueSource(strings = {"a.png", "a.jpg", "a.tif"})
    void aFileCutShortAnywhereIsAnError(String name) throws IOException {
        byte[] whole = written(name);
        for (int percent = 1; percent < 100; percent += 7) {
            refused(Arrays.copyOf(whole, Math.max(whole.length * percent / 100, 12)), name.endsWith("tif") ? "cannot read" : "the file is cut short");
        }
    }

    @Test
    void aJpegWhoseDataEndsEarlyIsAnError() throws IOException {
        byte[] half = Arrays.copyOf(written("a.jpg"), written("a.jpg").length / 2);
        half[half.length - 2] = (byte) 0xff;
        half[half.length - 1] = (byte) 0xd9;
        refused(half, "premature end");
    }

    @Test
    void aPngWhoseDataEndsEarlyOrIsDamagedIsAnError() throws IOException {
        byte[] rows = deflated(new byte[61 * 20]);
        refused(join(SIGNATURE, header(20, 40, 8, 2), chunk("IDAT", rows), END), "cannot read");
        refused(join(SIGNATURE, header(20, 20, 8, 2), chunk("IDAT", Arrays.copyOf(rows, rows.length / 2)), END), "cannot read");
        byte[] damaged = written("a.png");
        damaged[damaged.length / 2] ^= 1;
        refused(damaged, "checksum");
    }

    @Test
    void sizesAreCheckedBeforeDecoding() throws IOException {
        refused(join(SIGNATURE, header(100_000, 100_000, 8, 2), chunk("IDAT", deflated(new byte[9])), END),
                "100000x100000, more than 256 megapixels");
        byte[] jpeg = written("a.jpg");
        int frame = indexOf(jpeg, (byte) 0xff, (byte) 0xc0);
        Arrays.fill(jpeg, frame + 5, frame + 9, (byte) 0xf0);
        refused(jpeg, "61680x61680, more than 256 megapixels");
    }

    @ParameterizedTest @CsvSource({"0,1", "0,8", "0,16", "2,8", "2,16", "4,8", "4,16", "6,8", "6,16"})
    void pngSamplesBecomeEightBitRgb(int colourType, int depth) throws IOException {
        int channels = switch (colourType) { case 0 -> 1; case 2 -> 3; case 4 -> 2; default -> 4; };
        // One pixel: filter byte, then samples 0x81, 0x92, ... whose low bytes are to be dropped.
        byte[] row = new byte[1 + channels * Math.ceilDiv(depth, 8)];
        for (int c = 0; c < channels; c++) row[1 + c * Math.ceilDiv(depth, 8)] = (byte) (0x81 + 0x11 * c);
        if (depth == 16) for (int i = 2; i < row.length; i += 2) row[i] = (byte) 0xff;
        Image image = read(join(SIGNATURE, header(1, 1, depth, colourType), chunk("IDAT", deflated(row)), END));
        byte grey = (byte) (depth == 1 ? 0xff : 0x81);
        assertThat(image.rgb()).isEqualTo(channels < 3 ? new byte[]{grey, grey, grey} : new byte[]{(byte) 0x81, (byte) 0x92, (byte) 0xa3});
    }

    @Test
    void pngPalettesBecomeRgb() throws IOException {
        byte[] palette = {1, 2, 3, 40, 50, 60};
        assertThat(read(join(SIGNATURE, header(2, 1, 1, 3), chunk("PLTE", palette), chunk("tRNS", new byte[]{0, 9}),
                chunk("IDAT", deflated(new byte[]{0, 0b0100_0000})), END)).rgb()).isEqualTo(palette);
    }

    /** Where EXIF puts the two pixels red, blue of a row: orientation, result width, whether red comes first. */
    @ParameterizedTest @CsvSource({"1,2,true", "2,2,false", "3,2,false", "4,2,true", "5,1,true", "6,1,true", "7,1,false", "8,1,false"})
    void exifOrientationIsApplied(int orientation, int width, boolean redFirst) throws IOException {
        byte[] exif = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte) orientation, 0, 0, 0, 0, 0, 0};
        byte[] row = {0, (byte) 200, 0, 0, 0, 0, (byte) 200};
        Image png = read(join(SIGNATURE, header(2, 1, 8, 2), chunk("eXIf", exif), chunk("IDAT", deflated(row)), END));
        assertThat(png.width()).isEqualTo(width);
        assertThat(png.rgb()[0]).isEqualTo((byte) (redFirst ? 200 : 0));

        Path file = folder.resolve("plain.jpg");
        ImageFiles.write(Image.of(2, 1, Arrays.copyOfRange(row, 1, 7)), file);
        byte[] jpeg = Files.readAllBytes(file);
        byte[] segment = join(new byte[]{(byte) 0xff, (byte) 0xe1, 0, (byte) (exif.length + 8), 'E', 'x', 'i', 'f', 0, 0}, exif);
        Image turned = read(join(Arrays.copyOf(jpeg, 2), segment, Arrays.copyOfRange(jpeg, 2, jpeg.length)));
        assertThat(turned.width()).isEqualTo(width);
        assertThat((turned.rgb()[0] & 0xff) > 100).isEqualTo(redFirst);
    }

    private void refused(byte[] file, String why) {
        assertThatThrownBy(() -> ImageFiles.readPhoto(Files.write(folder.resolve("under-test"), file), true))
                .isInstanceOf(ImageError.class).hasMessageContaining(why).hasMessageContaining("under-test").hasMessageNotContaining("\n");
    }

    private Image read(byte[] file) throws IOException { return ImageFiles.read(Files.write(folder.resolve("under-test"), file)); }

    private byte[] written(String name) throws IOException {
        byte[] rgb = new byte[3 * 80 * 60];
        for (int i = 0; i < rgb.length; i++) rgb[i] = (byte) (i * i >> 7);
        ImageFiles.write(Image.of(80, 60, rgb), folder.resolve(name));
        return Files.readAllBytes(folder.resolve(name));
    }

    private static byte[] header(int width, int height, int depth, int colourType) {
        return chunk("IHDR", ByteBuffer.allocate(13).putInt(width).putInt(height).put((byte) depth).put((byte) colourType).array());
    }

    /** @param extra chunks before the pixels @param rows each with its filter byte */
    static byte[] png(int width, int height, int depth, int colourType, byte[] extra, byte[] rows) {
        return join(SIGNATURE, header(width, height, depth, colourType), extra, chunk("IDAT", deflated(rows)), END);
    }

    static byte[] chunk(String type, byte[] data) {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(data);
        return ByteBuffer.allocate(12 + data.length).putInt(data.length).put(name).put(data).putInt((int) crc.getValue()).array();
    }

    private static byte[] deflated(byte[] rows) {
        try (Deflater deflater = new Deflater()) {
            deflater.setInput(rows);
            deflater.finish();
            byte[] out = new byte[rows.length + 100];
            return Arrays.copyOf(out, deflater.deflate(out));
        }
    }

    private static byte[] join(byte[]... parts) {
        var all = new ByteArrayOutputStream();
        for (byte[] part : parts) all.writeBytes(part);
        return all.toByteArray();
    }

    private static int indexOf(byte[] bytes, byte first, byte second) {
        for (int i = 0; ; i++) if (bytes[i] == first && bytes[i + 1] == second) return i;
    }
}
