package dev.faithdiff;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.CommonOptions.WRAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.degrade.Recipe;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Wrap;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.Guard;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.generator.GeneratorModels;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Pictures that go on with their other end. Seen where the ends meet, in the middle of the turned result, there is no seam: the step from the last
 * column to the first is like the steps between other columns.
 */
@Tag("full")
class WrapTest {
    private static final Path HOME = Path.of(System.getProperty("faithdiff.home"));

    /** Colours that go round twice, smoothly. */
    private static Image waves(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        for (int i = 0; i < width * height; i++) {
            double x = 2 * Math.PI * (i % width) / width, y = 2 * Math.PI * (i / width) / height;
            rgb[3 * i] = (byte) (int) (128 + 70 * Math.sin(x));
            rgb[3 * i + 1] = (byte) (int) (120 + 50 * Math.sin(x + 2) + 40 * Math.cos(y));
            rgb[3 * i + 2] = (byte) (int) (140 + 60 * Math.cos(2 * x) + 20 * Math.sin(y));
        }
        return Image.of(width, height, rgb);
    }

    /** A photo and its mirror image side by side: they go on with each other at both ends. */
    private static Image panorama() {
        Image photo = Recipe.named("mini").degrade(ImageFiles.read(HOME.resolve("samples/coffee.png")).crop(100, 60, 256, 192), 4, 1);
        byte[] rgb = new byte[6 * photo.width() * photo.height()];
        Image other = photo.upright(2);
        for (int y = 0; y < photo.height(); y++) {
            int n = 3 * photo.width();
            System.arraycopy(photo.rgb(), y * n, rgb, 2 * y * n, n);
            System.arraycopy(other.rgb(), y * n, rgb, (2 * y + 1) * n, n);
        }
        return Image.of(2 * photo.width(), photo.height(), rgb);
    }

    private static Image turned(Image image) { return image.part(image.width() / 2, 0, image.width(), image.height(), Wrap.X); }

    /** The mean step from each column to the next; from the last to the first at index 0. */
    private static double[] steps(Image image) {
        double[] steps = new double[image.width()];
        for (int x = 0; x < image.width(); x++) {
            for (int i = 0; i < 3 * image.height(); i++) {
                int row = i / 3 * image.width(), before = Math.floorMod(x - 1, image.width());
                steps[x] += Math.abs(image.sample(3 * (row + x) + i % 3) - image.sample(3 * (row + before) + i % 3)) / (3.0 * image.height());
            }
        }
        return steps;
    }

    /** The step where the ends meet over the largest of the 16 around, so about 1 or less without a seam. */
    private static double seam(Image result) {
        double[] steps = steps(turned(result));
        int middle = result.width() / 2;
        double around = 0;
        for (int d = 1; d <= 8; d++) around = Math.max(around, Math.max(steps[middle - d], steps[middle + d]));
        return steps[middle] / around;
    }

    private static double difference(Image a, Image b) {
        double sum = 0;
        for (int i = 0; i < a.rgb().length; i++) sum += Math.abs(a.sample(i) - b.sample(i));
        return sum / a.rgb().length;
    }

    private static void hasNoSeam(String what, Restorer r, Image in, Options o) {
        assertThat(seam(r.restore(in, o.with(WRAP, Wrap.X)))).as(what).isLessThan(1.25);
    }

    /** Networks of one pass see all that they depend on, so it does not matter where the picture begins. */
    @Test void networksOfOnePass() {
        Image in = waves(64, 40);
        for (String name : new String[] {"realesrgan_x4", "realesrgan_x2", "srvgg_x4"}) {
            try (Restorer r = Restorers.open(GeneratorModels.folder(name), Device.CPU)) {
                Options o = r.defaults().with(VAE_TILE, 64).with(WRAP, Wrap.XY);
                Image straight = r.restore(in, o), other = r.restore(in.part(16, 8, 64, 40, Wrap.XY), o);
                int scale = straight.width() / 64;
                assertThat(difference(other, straight.part(16 * scale, 8 * scale, straight.width(), straight.height(), Wrap.XY))).as(name)
                        .isLessThan(0.01);
            }
        }
    }

    @Test void theDefaultModel() {
        try (Restorer r = Restorers.open(HOME.resolve("models/faithdiff-mini"), Device.CPU)) {
            Options o = r.defaults().with(GUARD, Guard.OFF);
            hasNoSeam("two stages, waves", r, waves(64, 40), o.with(SCALE, 4.0));
            hasNoSeam("two stages, photo", r, panorama(), o.with(SCALE, 4.0));
            hasNoSeam("two stages, photo in tiles", r, panorama(), o.with(SCALE, 4.0).with(TILE, 128).with(VAE_TILE, 128));
        }
    }

    @Test void stepsWithNoise() {
        try (Restorer r = Restorers.open(TinyModel.folder(), Device.CPU)) {
            Options o = r.defaults().with(GUARD, Guard.OFF).with(STEPS, 3).with(SCALE, 2.0);
            for (ColorFix fix : ColorFix.values()) hasNoSeam("denoising, " + fix, r, waves(96, 48), o.with(COLOR_FIX, fix));
            hasNoSeam("denoising in tiles", r, waves(96, 48), o.with(TILE, 64).with(VAE_TILE, 64));
            assertThatThrownBy(() -> r.restore(waves(25, 16), o.with(WRAP, Wrap.X))).hasMessage(
                    "wrap x needs a result whose width is a multiple of 8 pixels, not 50x32");
            double[] steps = steps(r.restore(waves(48, 96).upright(6), o.with(WRAP, Wrap.X)));
            assertThat(steps[0]).isLessThan(1.25 * Arrays.stream(steps).max().orElseThrow());
        }
    }
}
