package dev.faithdiff;

import static dev.faithdiff.FaithDiff.CONDITION;
import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.degrade.Recipe;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.quality.Channels;
import dev.faithdiff.quality.Psnr;
import dev.faithdiff.restore.Guard;
import dev.faithdiff.restore.Options;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Photos larger than a tile come out of the bundled model as they would in one tile. */
@Tag("full")
class TiledDenoisingTest {
    private static final Path HOME = Path.of(System.getProperty("faithdiff.home"));
    /** In dB of PSNR against the clean photo, and in levels of 255 against the photo denoised in one tile. */
    private static final double LOSS = 0.1, DIFFERENCE = 2;
    private static final int WHOLE = 1 << 14;

    private static final FaithDiff FAITHDIFF = FaithDiff.open(HOME.resolve("models/faithdiff-mini"), Device.CPU);

    @AfterAll static void close() { FAITHDIFF.close(); }

    @ParameterizedTest
    @CsvSource({"astronaut, 576, 576, 512, 0.5", "coffee, 576, 576, 256, 0.75", "chelsea, 320, 640, 256, 0.5", "coffee, 1536, 320, 512, 1"})
    void tilesChangeLittle(String sample, int width, int height, int tile, double stride) {
        Image clean = mirrored(ImageFiles.read(HOME.resolve("samples/" + sample + ".png")), width, height);
        Image photo = Recipe.named("mini").degrade(clean, 4, 1);
        Options o = FAITHDIFF.defaults().with(STEPS, 1).with(GUARD, Guard.OFF);
        Image whole = FAITHDIFF.restore(photo, o.with(TILE, WHOLE)), tiled = FAITHDIFF.restore(photo, o.with(TILE, tile).with(OVERLAP, stride));
        assertThat(psnr(tiled, clean)).isGreaterThan(psnr(whole, clean) - LOSS);
        assertThat(difference(tiled, whole)).isPositive().isLessThan(DIFFERENCE);
    }

    @Test void oneTileIsTheSameEitherWay() {
        Image photo = Recipe.named("mini").degrade(mirrored(ImageFiles.read(HOME.resolve("samples/coffee.png")), 128, 192), 4, 1);
        Options o = FAITHDIFF.defaults().with(STEPS, 1).with(GUARD, Guard.OFF).with(TILE, 256);
        assertThat(FAITHDIFF.restore(photo, o.with(CONDITION, FaithDiff.Condition.IMAGE)))
                .isEqualTo(FAITHDIFF.restore(photo, o.with(CONDITION, FaithDiff.Condition.TILE)));
    }

    /** Memory decides in how many parts the condition is computed, but not what comes out. */
    @ParameterizedTest
    @CsvSource({"100, 60", "33, 128"})
    void partsMakeTheConditionOfTheWhole(int h, int w) {
        try (Model model = Model.open(HOME.resolve("models/faithdiff-mini"), Device.CPU); Scope _ = Scope.open()) {
            int channels = model.unet.config().conditionChannels();
            float[] v = Rng.cpu(1).randn(h * w * channels);
            for (int i = 0; i < w * channels; i++) v[i] *= 20;
            Tensor features = Tensor.of(v, 1, h, w, channels);
            float[] whole = model.unet.condition(features).toFloats();
            float[] parts = new TiledCondition(model, 0, 1 << 19).ofImage(features).toFloats();
            assertThat(new TiledCondition(model, 0, Long.MAX_VALUE).ofImage(features).toFloats()).isEqualTo(whole);
            assertThat(parts).isNotEqualTo(whole);
            Fixtures.assertClose("condition in parts", parts, whole, 2e-4);
        }
    }

    @Test void theModelSaysWhichConditionItTakes() {
        assertThat(FAITHDIFF.defaults().get(CONDITION)).isEqualTo(FaithDiff.Condition.IMAGE);
        assertThat(Options.defaults().get(CONDITION)).as("as published").isEqualTo(FaithDiff.Condition.TILE);
    }

    private static double psnr(Image a, Image b) { return new Psnr(Channels.RGB).of(a, b); }

    private static double difference(Image a, Image b) {
        double sum = 0;
        for (int i = 0; i < a.rgb().length; i++) sum += Math.abs((a.rgb()[i] & 0xff) - (b.rgb()[i] & 0xff));
        return sum / a.rgb().length;
    }

    /** A photo continued by its mirror images, so that it has another size and no less detail. */
    private static Image mirrored(Image photo, int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        for (int i = 0; i < width * height; i++) {
            int from = mirrored(i / width, photo.height()) * photo.width() + mirrored(i % width, photo.width());
            System.arraycopy(photo.rgb(), 3 * from, rgb, 3 * i, 3);
        }
        return Image.of(width, height, rgb);
    }

    private static int mirrored(int at, int side) { return at % (2 * side) < side ? at % side : side - 1 - at % side; }
}
