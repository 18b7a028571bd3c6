package dev.faithdiff.restore.adcsr;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.FIDELITY;
import static dev.faithdiff.restore.CommonOptions.LONG_SIDE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.tiles.Patch;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Backend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** AdcSR from its released files to the restored image, against the published implementation. */
@Tag("full")
class AdcSrTest {
    private static final JsonObject JSON = Fixtures.json("adcsr/adcsr.json");
    @TempDir static Path dir;
    private static Path folder;
    private static AdcSr adcsr;

    /** The small networks' heads and groups do not show in their files, so a file beside them says them. */
    @BeforeAll static void convert() throws IOException {
        Path source = Files.createDirectories(dir.resolve("released/weight/pretrained"));
        Files.copy(Fixtures.path("adcsr/weight/pretrained/halfDecoder.ckpt"), source.resolve("halfDecoder.ckpt"));
        Files.copy(Fixtures.path("adcsr/weight/net_params_200.pkl"), source.resolveSibling("net_params_200.pkl"));
        JsonObject config = JSON.getAsJsonObject("config"), own = new JsonObject();
        own.add("unet_heads", config.get("unet_heads"));
        own.add("decoder_groups", config.get("decoder_groups"));
        Files.writeString(source.resolveSibling("adcsr_config.json"), own.toString());
        folder = dir.resolve("model");
        assertThat(dev.faithdiff.convert.Main.run("convert", dir.resolve("released").toString(), "-o", folder.toString())).isZero();
        adcsr = (AdcSr) Restorers.open(folder, Device.CPU);
    }

    @AfterAll static void close() { adcsr.close(); }

    static Set<String> cases() { return JSON.getAsJsonObject("cases").keySet(); }

    private static Image image(String file) { return ImageFiles.read(Fixtures.path("adcsr/" + file)); }

    private static int farthest(Image a, Image b) {
        assertThat(a.toString()).isEqualTo(b.toString());
        int worst = 0;
        for (int i = 0; i < a.rgb().length; i++) worst = Math.max(worst, Math.abs((a.rgb()[i] & 0xff) - (b.rgb()[i] & 0xff)));
        return worst;
    }

    @Test void theFolderIsWhole() { assertThat(dev.faithdiff.convert.Main.run("verify", folder.toString())).isZero(); }

    @ParameterizedTest
    @MethodSource("cases")
    void givesThePublishedImage(String name) {
        Image photo = image(name + "/lr.png");
        Patch decoded = adcsr.decoded(photo.padTo(16), adcsr.defaults(), Listener.NONE).topLeft(4 * photo.height(), 4 * photo.width());
        check(name, "sr_before_statistics", decoded);
        PhotoColours.of(photo).give(decoded.values());
        check(name, "sr", decoded);
        assertThat(farthest(adcsr.restore(photo, adcsr.defaults()), image(name + "/sr.png"))).isLessThanOrEqualTo(1);
    }

    /** Larger results are stored without every second row and column. */
    private static void check(String name, String tensor, Patch actual) {
        String file = name + "/run.safetensors";
        Fixtures f = Fixtures.open("adcsr/" + file);
        int apart = f.has(tensor) ? 1 : 2;
        String stored = apart == 1 ? tensor : tensor + ".every_second";
        if (!f.has(stored)) return;
        float[] expected = f.nhwc(stored), kept = new float[expected.length];
        int at = 0;
        for (int y = 0; y < actual.height(); y += apart) {
            for (int x = 0; x < actual.width(); x += apart) {
                for (int c = 0; c < 3; c++) kept[at++] = actual.values()[(y * actual.width() + x) * 3 + c];
            }
        }
        JsonObject errors = JSON.getAsJsonObject("files").getAsJsonObject(file).getAsJsonObject("errors");
        JsonObject error = errors.getAsJsonObject(errors.has(stored) ? stored : tensor);
        Fixtures.assertClose(name + " " + stored, kept, expected, error.get("suggested_atol").getAsDouble());
    }

    /** The default tile is larger than the photo; half of it makes four and more. */
    @Test void tilesKeepTheColoursOfTheWholePhoto() {
        Image photo = Resize.resize(image(cases().iterator().next() + "/lr.png"), 64, 48, Filter.BICUBIC);
        List<String> stages = new ArrayList<>();
        Options tiled = adcsr.defaults().with(TILE, 128).with(VAE_TILE, 128);
        Image whole = adcsr.restore(photo, adcsr.defaults());
        Image parts = adcsr.restore(photo, tiled, (stage, step, steps) -> stages.add(stage + " " + step + "/" + steps));
        assertThat(stages).hasSizeGreaterThan(4).startsWith("enlarge 0/6").contains("enlarge 6/6").endsWith("decode 0/0");
        assertThat(parts).isNotEqualTo(whole).hasToString("Image 256x192");
        Patch decoded = adcsr.decoded(photo, tiled, Listener.NONE);
        PhotoColours.of(photo).give(decoded.values());
        PhotoColours of = PhotoColours.of(photo), result = PhotoColours.of(decoded.values());
        for (int c = 0; c < 3; c++) {
            assertThat(result.mean()[c]).isCloseTo(of.mean()[c], within(1e-5));
            assertThat(result.deviation()[c]).isCloseTo(of.deviation()[c], within(1e-5));
        }
    }

    @Test void takesAnySizeStrengthAndColourRule() {
        Image photo = image(cases().iterator().next() + "/lr.png");
        Options own = adcsr.defaults();
        Image restored = adcsr.restore(photo, own), enlarged = Resize.resize(photo, 4 * photo.width(), 4 * photo.height(), Filter.LANCZOS);
        assertThat(adcsr.restore(photo, own.with(SCALE, 1.5)))
                .isEqualTo(Resize.resize(restored, photo.width() * 3 / 2, photo.height() * 3 / 2, Filter.LANCZOS));
        assertThat(adcsr.restore(photo, own.with(LONG_SIDE, 40)).width()).isEqualTo(40);
        assertThat(adcsr.restore(photo, own.with(STRENGTH, 0.0))).isEqualTo(enlarged);
        assertThat(adcsr.restore(photo, own.with(FIDELITY, 1.0))).isEqualTo(enlarged);
        assertThat(adcsr.restore(photo, own.with(STRENGTH, 0.25))).isEqualTo(restored.mix(enlarged, 0.25));
        assertThat(adcsr.restore(photo, own.with(COLOR_FIX, ColorFix.WAVELET))).isNotEqualTo(restored);
        assertThat(adcsr.restore(photo, own.with(COLOR_FIX, ColorFix.NONE))).isNotEqualTo(restored);
        Image pixel = Image.of(1, 1, new byte[] {10, 20, 30});
        assertThat(adcsr.restore(pixel, own)).hasToString("Image 4x4");
        assertThatThrownBy(() -> adcsr.restore(photo, own.with(STEPS, 5))).hasMessage("this model has no steps; leave it out");
    }

    @Test void givesTheSameOnAnotherDevice() {
        Image photo = image(cases().iterator().next() + "/lr.png");
        try (AdcSr second = AdcSr.open(new ModelFolder(folder), Compute.on(Backend.device("second")))) {
            assertThat(second.restore(photo, second.defaults())).isEqualTo(adcsr.restore(photo, adcsr.defaults()));
        }
    }
}
