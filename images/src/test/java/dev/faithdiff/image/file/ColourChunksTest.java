package dev.faithdiff.image.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.color.ICC_ColorSpace;
import java.awt.color.ICC_Profile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a PNG says about its colours without a profile goes along, as it is or as a profile. */
class ColourChunksTest {
    private static final byte[] P3 = BadImagesTest.chunk("cICP", new byte[] {12, 13, 0, 1}),
            SRGB_CODE = BadImagesTest.chunk("cICP", new byte[] {1, 13, 0, 1}), HLG = BadImagesTest.chunk("cICP", new byte[] {9, 18, 0, 1}),
            SRGB = BadImagesTest.chunk("sRGB", new byte[1]),
            GAMMA = BadImagesTest.chunk("gAMA", ByteBuffer.allocate(4).putInt(55556).array()),
            USUAL_GAMMA = BadImagesTest.chunk("gAMA", ByteBuffer.allocate(4).putInt(45455).array()),
            ADOBE = BadImagesTest.chunk("cHRM", chromaticities(31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000));

    @TempDir Path folder;

    static List<byte[]> chunks() { return List.of(P3, SRGB_CODE, HLG, SRGB, GAMMA, USUAL_GAMMA, ADOBE); }

    @ParameterizedTest @MethodSource("chunks")
    void pngKeepsThem(byte[] chunk) {
        Photo photo = photo(chunk);
        assertThat(photo.image().sample(0)).as("samples are as stored").isEqualTo(200);
        assertThat(photo.metadata().colours()).isNotNull();
        assertThat(ImageFiles.write(photo, folder.resolve("a.png"))).isEmpty();
        Photo again = ImageFiles.readPhoto(folder.resolve("a.png"), true);
        assertThat(again.metadata().colours()).isEqualTo(photo.metadata().colours());
        assertThat(again.image()).isEqualTo(photo.image());
        ImageFiles.write(photo.with(photo.metadata().profileOnly()), folder.resolve("b.png"));
        assertThat(ImageFiles.readPhoto(folder.resolve("b.png")).metadata().colours()).isEqualTo(photo.metadata().colours());
    }

    @ParameterizedTest @ValueSource(strings = {"jpg", "tif", "webp"})
    void otherFormatsGetAProfileOrSayWhy(String extension) {
        for (byte[] chunk : List.of(P3, GAMMA, ADOBE)) {
            Path file = folder.resolve("a." + extension);
            assertThat(ImageFiles.write(photo(chunk), file)).isEmpty();
            assertThat(ImageFiles.readPhoto(file, true).metadata().profile()).isEqualTo(photo(chunk).metadata().colours().profile());
        }
        for (byte[] chunk : List.of(SRGB, SRGB_CODE, USUAL_GAMMA)) {
            Path file = folder.resolve("b." + extension);
            assertThat(ImageFiles.write(photo(chunk), file)).isEmpty();
            assertThat(ImageFiles.readPhoto(file, true).metadata().profile()).as("it is sRGB without one").isNull();
        }
        assertThat(ImageFiles.write(photo(HLG), folder.resolve("c." + extension))).singleElement().asString().contains("cICP");
    }

    /** Values by the published primaries of Display P3 (SMPTE EG 432-1) and sRGB's curve, under D50: red of P3 is XYZ 0.5151, 0.2412, -0.0011. */
    @Test void theProfileMeansTheSameColours() {
        ICC_ColorSpace p3 = new ICC_ColorSpace(ICC_Profile.getInstance(photo(P3).metadata().colours().profile()));
        near(p3.toCIEXYZ(new float[] {1, 0, 0}), 0.5151f, 0.2412f, -0.0011f);
        near(p3.toCIEXYZ(new float[] {0, 1, 0}), 0.2920f, 0.6922f, 0.0419f);
        near(p3.toCIEXYZ(new float[] {1, 1, 1}), 0.9642f, 1, 0.8249f);
        ICC_ColorSpace gamma = new ICC_ColorSpace(ICC_Profile.getInstance(photo(GAMMA).metadata().colours().profile()));
        assertThat(gamma.toCIEXYZ(new float[] {0.5f, 0.5f, 0.5f})[1]).isCloseTo((float) Math.pow(0.5, 1.8), within(0.01f));
    }

    /** Of several the first in this order counts: cICP, the profile, sRGB, gamma. */
    @Test void theStrongestCounts() {
        assertThat(photo(SRGB, GAMMA).metadata().colours().matter(null)).isFalse();
        assertThat(photo(GAMMA).metadata().colours().matter(new byte[200])).isFalse();
        assertThat(photo(P3, GAMMA).metadata().colours().profile()).isEqualTo(photo(P3).metadata().colours().profile());
    }

    private static void near(float[] xyz, float... expected) {
        for (int i = 0; i < 3; i++) assertThat(xyz[i]).isCloseTo(Math.max(0, expected[i]), within(0.004f));
    }

    private static Photo photo(byte[]... chunks) {
        List<byte[]> all = new ArrayList<>(List.of(chunks));
        ByteBuffer extra = ByteBuffer.allocate(all.stream().mapToInt(c -> c.length).sum());
        all.forEach(extra::put);
        return ImageFiles.readPhoto(BadImagesTest.png(2, 1, 8, 2, extra.array(), new byte[] {0, (byte) 200, 100, 50, 60, 120, (byte) 180}),
                "photo", true);
    }

    private static byte[] chromaticities(int... xy) {
        ByteBuffer b = ByteBuffer.allocate(32);
        for (int v : xy) b.putInt(v);
        return b.array();
    }
}
