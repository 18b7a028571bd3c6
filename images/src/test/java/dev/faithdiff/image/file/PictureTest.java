package dev.faithdiff.image.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.ImageError;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which picture of a file is the photo, and files that are none. */
class PictureTest {
    private static final Map<Integer, long[]> THUMBNAIL = Map.of(254, new long[] {4, 1}), OLD_THUMBNAIL = Map.of(255, new long[] {3, 2}),
            PAGE = Map.of(254, new long[] {4, 2}), MASK = Map.of(254, new long[] {4, 4});

    @Test void reducedPicturesAndMasksAreNotTaken() {
        for (Map<Integer, long[]> small : List.of(THUMBNAIL, OLD_THUMBNAIL, MASK)) {
            Photo photo = read(tiff().add(2, 2, 1, 0, 8, new int[4], small).add(3, 2, 1, 0, 8, new int[6], Map.of())
                    .add(2, 2, 1, 0, 8, new int[4], THUMBNAIL).file());
            assertThat(photo.image().width()).isEqualTo(3);
            assertThat(photo.remarks()).isEmpty();
        }
    }

    @Test void theFirstOfManyPagesIsTakenAndSaid() {
        Photo photo = read(tiff().add(3, 2, 1, 0, 8, new int[6], PAGE).add(4, 4, 1, 0, 8, new int[16], PAGE)
                .add(4, 4, 1, 0, 8, new int[16], PAGE).file());
        assertThat(photo.image().width()).isEqualTo(3);
        assertThat(photo.remarks()).containsExactly("the file holds 3 pictures: the first is taken");
    }

    /** The thumbnail's directory points at the picture's, which may also follow it. */
    @ParameterizedTest @ValueSource(booleans = {true, false})
    void aPictureBelowAThumbnailIsTaken(boolean chained) {
        byte[] file = null;
        for (int turn = 0, place = 0; turn < 2; turn++) {
            file = tiff().add(2, 2, 1, 0, 8, new int[4], Map.of(254, new long[] {4, 1}, 330, new long[] {4, place}))
                    .add(5, 2, 1, 0, 8, new int[10], Map.of())
                    .file();
            ByteBuffer b = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
            int next = 10 + 12 * b.getShort(8);
            place = b.getInt(next);
            if (!chained) b.putInt(next, 0);
        }
        assertThat(read(file).image().width()).isEqualTo(5);
    }

    @Test void aFileOfAThumbnailAloneIsRead() {
        assertThat(read(tiff().add(3, 2, 1, 0, 8, new int[6], THUMBNAIL).file()).image().width()).isEqualTo(3);
    }

    /** A DNG by its version, others by a picture of colour filters, or by name and signature. */
    @Test void cameraRawIsNamed() {
        byte[] dng = tiff().add(2, 2, 3, 0, 8, new int[12], Map.of(254, new long[] {4, 1}, 50706, new long[] {1, 1, 4, 0, 0})).file();
        byte[] filters = tiff().add(2, 2, 3, 0, 8, new int[12], THUMBNAIL).add(2, 2, 1, 0, 16, new int[4], Map.of(262, new long[] {3, 32803})).file();
        byte[] plain = tiff().add(2, 2, 3, 0, 8, new int[12], Map.of()).file();
        for (byte[] file : new byte[][] {dng, filters}) refused(file, "photo.tif", "a camera's raw file");
        for (String name : new String[] {"a.NEF", "a.arw", "a.cr2", "a.dng"}) refused(plain, name, "a camera's raw file");
        assertThat(read(plain).image().width()).isEqualTo(2);
        byte[] cr3 = "\0\0\0\30ftypcrx \0\0\0\1crx isom".getBytes(StandardCharsets.ISO_8859_1);
        refused(cr3, "a.cr3", "a camera's raw file");
        refused("FUJIFILMCCD-RAW 0201".getBytes(StandardCharsets.ISO_8859_1), "a.raf", "a camera's raw file");
    }

    @ParameterizedTest @CsvSource({"avif,AVIF,avifdec", "heic,HEIC,heif-convert", "mif1,HEIF,heif-convert"})
    void modernFormatsAreNamedWithWhatToDo(String brand, String format, String tool) {
        byte[] file = ("\0\0\0\30ftyp" + brand + "\0\0\0\0").getBytes(StandardCharsets.ISO_8859_1);
        refused(file, "photo", format);
        refused(file, "photo", tool);
    }

    @Test void otherFormatsAreNamedWithWhatToDo() {
        refused(new byte[] {(byte) 0xff, 0x0a, 1, 2}, "a.jxl", "JPEG XL");
        refused("\0\0\0\fJXL \r\n\u0087\n".getBytes(StandardCharsets.ISO_8859_1), "a.jxl", "djxl");
        refused("8BPS\0\1".getBytes(StandardCharsets.ISO_8859_1), "a.psd", "Photoshop");
    }

    @Test void theFirstPictureOfAnAnimationIsTakenAndSaid() throws IOException {
        Photo gif = read(gif(3));
        assertThat(gif.image().sample(0)).isEqualTo(255);
        assertThat(gif.remarks()).containsExactly("the file holds 3 pictures: the first is taken");
        assertThat(read(gif(1)).remarks()).isEmpty();
        byte[] control = BadImagesTest.chunk("acTL", ByteBuffer.allocate(8).putInt(5).putInt(0).array());
        Photo png = read(BadImagesTest.png(1, 1, 8, 0, control, new byte[] {0, 9}));
        assertThat(png.image().sample(0)).isEqualTo(9);
        assertThat(png.remarks()).containsExactly("the file holds 5 pictures: the first is taken");
    }

    @ParameterizedTest @ValueSource(ints = {1, 2, 4})
    void aTransparentGreyOfFewBitsBecomesOpacity(int bits) {
        // Two pixels, 1 and 0, of which 1 is transparent.
        byte[] row = {0, (byte) (1 << 8 - bits)};
        Photo photo = read(BadImagesTest.png(2, 1, bits, 0, BadImagesTest.chunk("tRNS", new byte[] {0, 1}), row));
        assertThat(photo.opacity().sample(0)).isZero();
        assertThat(photo.opacity().sample(3)).isEqualTo(255);
        assertThat(photo.image().sample(3)).isZero();
    }

    /** A blank page of a fax is smaller than one byte for 512 samples. */
    @Test void blankFaxPagesAreRead() throws IOException {
        var page = new BufferedImage(2000, 3000, BufferedImage.TYPE_BYTE_BINARY);
        ImageWriter writer = ImageIO.getImageWritersByFormatName("tiff").next();
        var param = writer.getDefaultWriteParam();
        param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
        param.setCompressionType("CCITT T.6");
        var bytes = new ByteArrayOutputStream();
        try (var out = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(out);
            writer.write(null, new IIOImage(page, null, null), param);
        }
        assertThat(bytes.size()).isLessThan(2000 * 3000 / 512);
        assertThat(read(bytes.toByteArray()).image().height()).isEqualTo(3000);
    }

    private static byte[] gif(int frames) throws IOException {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("gif").next();
        var bytes = new ByteArrayOutputStream();
        try (var out = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(out);
            writer.prepareWriteSequence(null);
            for (int k = 0; k < frames; k++) {
                var frame = new BufferedImage(4, 4, BufferedImage.TYPE_BYTE_GRAY);
                frame.getRaster().setPixels(0, 0, 4, 4, IntStream.generate(() -> 255).limit(16).toArray());
                if (k > 0) frame = new BufferedImage(4, 4, BufferedImage.TYPE_BYTE_GRAY);
                writer.writeToSequence(new IIOImage(frame, null,
                        writer.getDefaultImageMetadata(ImageTypeSpecifier.createFromRenderedImage(frame), null)), null);
            }
            writer.endWriteSequence();
        }
        return bytes.toByteArray();
    }

    private static TestTiff tiff() { return new TestTiff(ByteOrder.LITTLE_ENDIAN); }

    private static Photo read(byte[] file) { return ImageFiles.readPhoto(file, "photo", true); }

    private static void refused(byte[] file, String name, String why) {
        assertThatThrownBy(() -> ImageFiles.readPhoto(file, name, false)).isInstanceOf(ImageError.class).hasMessageStartingWith(name + " is ")
                .hasMessageContaining(why).hasMessageNotContaining("\n");
    }
}
