package dev.faithdiff.image.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.faithdiff.image.Image;
import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One rule for all formats: samples are those that the file stores, and the profile that they are meant in goes along. */
@Tag("full")
class StoredSamplesTest {
    /** Blocks of 16x16 pixels, which JPEG keeps to a level but for columns beside an edge, where its colours at half resolution mix. */
    private static final int BLOCK = 16, WIDTH = 2 * BLOCK, HEIGHT = BLOCK, MIXED = 2;
    private static final int[][] RGB = {{200, 100, 50}, {60, 120, 180}}, GREY = {{200, 200, 200}, {60, 60, 60}};
    private static final int[] OPACITY = {51, 255};

    enum Profile {
        NONE, SRGB, P3, ADOBE, LINEAR, GREY;

        byte[] data() {
            return switch (this) {
                case NONE -> null;
                case SRGB -> ICC_Profile.getInstance(ColorSpace.CS_sRGB).getData();
                case LINEAR -> ICC_Profile.getInstance(ColorSpace.CS_LINEAR_RGB).getData();
                case GREY -> ICC_Profile.getInstance(ColorSpace.CS_GRAY).getData();
                case P3 -> ColourProfile.of(new double[] {0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06}, v -> Math.pow(v, 2.2));
                case ADOBE -> ColourProfile.of(new double[] {0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06}, v -> Math.pow(v, 563 / 256.0));
            };
        }
    }

    /** @param opacity 0: none, 1: associated, 2: unassociated */
    record Kind(String format, Profile profile, int bits, int opacity, boolean grey) {}

    @TempDir Path folder;

    static List<Kind> kinds() {
        List<Kind> all = new ArrayList<>();
        for (String format : new String[] {"png", "jpg", "tifLittle", "tifBig", "webp", "bmp"}) {
            for (Profile profile : Profile.values()) for (int bits : new int[] {8, 16}) for (int opacity = 0; opacity < 3; opacity++) {
                for (boolean grey : new boolean[] {false, true}) {
                    boolean tiff = format.startsWith("tif"), deep = tiff || format.equals("png");
                    boolean possible = (bits == 8 || deep) && (opacity == 0 || opacity == 1 && tiff || opacity == 2
                            && (deep || format.equals("webp")))
                            && (profile == Profile.NONE || !format.equals("bmp")) && (grey || profile != Profile.GREY)
                            && (!grey || profile == Profile.NONE || profile == Profile.GREY) && !(grey && List.of("webp", "bmp").contains(format));
                    if (possible) all.add(new Kind(format, profile, bits, opacity, grey));
                }
            }
        }
        return all;
    }

    @ParameterizedTest @MethodSource("kinds")
    void samplesAndProfileAreTheFilesOwn(Kind kind) {
        Photo photo = ImageFiles.readPhoto(file(kind), "photo", true);
        assertThat(photo.remarks()).isEmpty();
        assertThat(photo.metadata().profile()).isEqualTo(kind.profile.data());
        assertThat(photo.image().bits()).isEqualTo(kind.bits);
        check(photo, kind, kind.format.equals("jpg") ? 1 : 0);
        for (ImageFormat to : new ImageFormat[] {ImageFormat.PNG, ImageFormat.JPEG, ImageFormat.TIFF, ImageFormat.WEBP}) {
            boolean lost = kind.grey && to == ImageFormat.WEBP, opaque = to == ImageFormat.JPEG && kind.opacity > 0;
            Path file = folder.resolve("a." + to.extension());
            ImageFiles.write(photo, file);
            Photo again = ImageFiles.readPhoto(file, true);
            assertThat(again.metadata().profile()).as(to.name()).isEqualTo(lost ? null : kind.profile.data());
            if (!opaque) check(again, kind, 2);
        }
    }

    private static void check(Photo photo, Kind kind, int most) {
        int scale = photo.image().bits() == 16 ? 257 : 1;
        for (int p = 0; p < WIDTH * HEIGHT; p++) {
            int block = p % WIDTH / BLOCK;
            if (kind.format.equals("jpg") && Math.abs(p % WIDTH + 0.5 - BLOCK) < MIXED) continue;
            for (int c = 0; c < 3; c++) {
                int v = photo.image().sample(3 * p + c), expected = (kind.grey ? GREY : RGB)[block][c] * scale;
                // Of 8-bit samples multiplied by an opacity of a fifth, one level is five.
                assertThat(v).as("%s, pixel %s, channel %s", kind, p, c).isCloseTo(expected, within(most * scale + (kind.opacity == 1 ? 3 : 0)));
            }
            if (kind.opacity > 0) assertThat(photo.opacity().sample(3 * p)).isEqualTo(OPACITY[block] * (photo.opacity().bits() == 16 ? 257 : 1));
        }
    }

    private byte[] file(Kind kind) {
        int[] samples = samples(kind);
        byte[] profile = kind.profile.data();
        int colours = kind.grey ? 1 : 3;
        return switch (kind.format) {
            case "png" -> png(kind, samples, profile);
            case "jpg" -> jpeg(samples, kind.grey, profile);
            case "bmp" -> bmp(samples);
            case "webp" -> webp(kind, profile);
            default -> new TestTiff(kind.format.equals("tifBig") ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN)
                    .add(WIDTH, HEIGHT, colours, kind.opacity, kind.bits, samples, profile == null ? Map.of()
                    : Map.of(34675, TestTiff.bytes(7, profile))).file();
        };
    }

    /** Interleaved; multiplied by the opacity where it is associated. */
    private static int[] samples(Kind kind) {
        int colours = kind.grey ? 1 : 3, bands = colours + (kind.opacity == 0 ? 0 : 1), scale = kind.bits == 16 ? 257 : 1;
        int[] samples = new int[WIDTH * HEIGHT * bands];
        for (int p = 0, i = 0; p < WIDTH * HEIGHT; p++) {
            int block = p % WIDTH / BLOCK;
            for (int c = 0; c < colours; c++) {
                int v = (kind.grey ? GREY : RGB)[block][c] * scale;
                samples[i++] = kind.opacity == 1 ? Math.round(v * OPACITY[block] / 255f) : v;
            }
            if (kind.opacity > 0) samples[i++] = OPACITY[block] * scale;
        }
        return samples;
    }

    private static byte[] png(Kind kind, int[] samples, byte[] profile) {
        int perRow = samples.length / HEIGHT;
        ByteBuffer rows = ByteBuffer.allocate(HEIGHT * (1 + perRow * kind.bits / 8));
        for (int i = 0; i < samples.length; i++) {
            if (i % perRow == 0) rows.put((byte) 0);
            if (kind.bits == 16) rows.putShort((short) samples[i]);
            else rows.put((byte) samples[i]);
        }
        var deflated = new ByteArrayOutputStream();
        deflated.writeBytes("p\0\0".getBytes(StandardCharsets.US_ASCII));
        try (var out = new DeflaterOutputStream(deflated)) {
            if (profile != null) out.write(profile);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        byte[] extra = profile == null ? new byte[0] : BadImagesTest.chunk("iCCP", deflated.toByteArray());
        return BadImagesTest.png(WIDTH, HEIGHT, kind.bits, (kind.grey ? 0 : 2) + (kind.opacity == 0 ? 0 : 4), extra, rows.array());
    }

    private static byte[] jpeg(int[] samples, boolean grey, byte[] profile) {
        var pixels = new BufferedImage(WIDTH, HEIGHT, grey ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_3BYTE_BGR);
        pixels.getRaster().setPixels(0, 0, WIDTH, HEIGHT, samples);
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ImageWriteParam param = writer.getDefaultWriteParam();
        param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
        param.setCompressionQuality(1);
        var bytes = new ByteArrayOutputStream();
        try (var out = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(out);
            writer.write(null, new IIOImage(pixels, null, null), param);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return profile == null ? bytes.toByteArray() : withProfile(bytes.toByteArray(), profile);
    }

    private static byte[] withProfile(byte[] jpeg, byte[] profile) {
        return ByteBuffer.allocate(jpeg.length + 18 + profile.length).put(jpeg, 0, 2).putShort((short) 0xffe2).putShort((short) (16 + profile.length))
                .put("ICC_PROFILE\0\1\1".getBytes(StandardCharsets.US_ASCII)).put(profile).put(jpeg, 2, jpeg.length - 2).array();
    }

    private static byte[] bmp(int[] rgb) {
        ByteBuffer file = ByteBuffer.allocate(54 + rgb.length).order(ByteOrder.LITTLE_ENDIAN).put((byte) 'B').put((byte) 'M').putInt(54 + rgb.length)
                .putInt(0).putInt(54).putInt(40).putInt(WIDTH).putInt(HEIGHT).putShort((short) 1).putShort((short) 24);
        for (int i = 0; i < rgb.length; i++) file.put(54 + i, (byte) rgb[i / 3 * 3 + 2 - i % 3]);
        return file.array();
    }

    /** By the writer, since WebP is no format to write by hand. */
    private byte[] webp(Kind kind, byte[] profile) {
        byte[] rgb = new byte[3 * WIDTH * HEIGHT], opacity = new byte[rgb.length];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) RGB[i / 3 % WIDTH / BLOCK][i % 3];
            opacity[i] = (byte) OPACITY[i / 3 % WIDTH / BLOCK];
        }
        var out = new ByteArrayOutputStream();
        ImageFiles.write(new Photo(Image.of(WIDTH, HEIGHT, rgb), kind.opacity == 0 ? null : Image.of(WIDTH, HEIGHT, opacity),
                Metadata.NONE.withProfile(profile)), out, new Encoding(ImageFormat.WEBP));
        return out.toByteArray();
    }
}
