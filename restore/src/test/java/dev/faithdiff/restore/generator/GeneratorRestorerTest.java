package dev.faithdiff.restore.generator;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.LONG_SIDE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SIZE;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.networks.Generator;
import dev.faithdiff.networks.rrdb.RrdbConfig;
import dev.faithdiff.networks.rrdb.RrdbNet;
import dev.faithdiff.networks.srvgg.SrvggConfig;
import dev.faithdiff.networks.srvgg.SrvggNetCompact;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Backend;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Photos through the fixtures' networks of one pass. */
@Tag("full")
class GeneratorRestorerTest {
    private static Image photo(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        new Random(width).nextBytes(rgb);
        return Image.of(width, height, rgb);
    }

    private static Options scale(int n) { return Options.defaults().with(SCALE, (double) n); }

    private static GeneratorRestorer open(String name) { return (GeneratorRestorer) Restorers.open(GeneratorModels.folder(name), Device.CPU); }

    @ParameterizedTest
    @CsvSource({"realesrgan_x4, 4, 13, 9", "realesrgan_x2, 2, 13, 9", "realesrgan_x2, 2, 1, 1", "bsrnet_x4, 4, 1, 30",
            "srvgg_x4, 4, 13, 9", "srvgg_x4, 4, 1, 1"})
    void enlargesByItsOwnScale(String name, int scale, int width, int height) {
        try (GeneratorRestorer r = open(name)) {
            assertThat(r.defaults().get(SCALE)).isEqualTo(scale);
            Image own = r.restore(photo(width, height), scale(scale));
            assertThat(own.toString()).isEqualTo("Image " + scale * width + "x" + scale * height);
            assertThat(r.restore(photo(width, height), scale(scale))).isEqualTo(own);
            Image other = r.restore(photo(width, height), scale(3));
            assertThat(other).isEqualTo(Resize.resize(own, 3 * width, 3 * height, Filter.LANCZOS));
        }
    }

    /** The network enlarges by its own factor whatever size is asked for. */
    @Test void takesAnySize() {
        try (GeneratorRestorer r = open("realesrgan_x2")) {
            Image photo = photo(13, 9), own = r.restore(photo, r.defaults());
            assertThat(r.restore(photo, r.defaults().with(SCALE, 1.5))).isEqualTo(Resize.resize(own, 20, 14, Filter.LANCZOS));
            assertThat(r.restore(photo, r.defaults().with(SIZE, "100x40"))).isEqualTo(Resize.resize(own, 58, 40, Filter.LANCZOS));
            assertThat(r.restore(photo, r.defaults().with(LONG_SIDE, 6))).isEqualTo(Resize.resize(own, 6, 4, Filter.LANCZOS));
            assertThatThrownBy(() -> r.check(r.defaults().with(SCALE, 4.0).with(SIZE, "100x40"))).hasMessageContaining("exclude each other");
        }
    }

    /** Tiles of 64 pixels of the result with a margin of as many pixels of the photo as the networks reach, or more. */
    @ParameterizedTest
    @ValueSource(strings = {"realesrgan_x4", "srvgg_x4"})
    void tilesAreHardlySeen(String name) {
        List<String> stages = new ArrayList<>();
        try (GeneratorRestorer r = open(name)) {
            Image whole = r.restore(photo(70, 50), scale(4));
            Image tiled = r.restore(photo(70, 50), scale(4).with(VAE_TILE, 64), (stage, step, steps) -> stages.add(stage + " " + step + "/" + steps));
            for (int i = 0; i < whole.rgb().length; i++) {
                assertThat(Math.abs((whole.rgb()[i] & 0xff) - (tiled.rgb()[i] & 0xff))).as("byte " + i).isLessThanOrEqualTo(1);
            }
        }
        assertThat(stages).hasSize(21).startsWith("enlarge 0/20", "enlarge 1/20").endsWith("enlarge 20/20");
    }

    @Test void tilesAreHalvedUntilTheyFit() {
        try (Weights w = Weights.init(1, Backend.device("dry"))) {
            Generator large = new RrdbNet(w.at("large"), new RrdbConfig(4, 64, 32, 23)),
                    half = new RrdbNet(w.at("half"), new RrdbConfig(2, 64, 32, 23));
            Generator small = new SrvggNetCompact(w.at("small"), new SrvggConfig(4, 64, 32));
            assertThat(GeneratorRestorer.tile(large, 1L << 33)).isEqualTo(512);
            assertThat(GeneratorRestorer.tile(large, 1L << 30)).isEqualTo(256);
            assertThat(GeneratorRestorer.tile(large, 1)).isEqualTo(64);
            assertThat(GeneratorRestorer.tile(half, 1L << 33)).isEqualTo(1024);
            assertThat(GeneratorRestorer.tile(small, 1L << 28)).isEqualTo(512);
        }
    }

    @Test void refusesWhatMeansNothingToIt() {
        try (GeneratorRestorer r = open("realesrgan_x4")) {
            Options o = scale(2).with(STEPS, 5).with(COLOR_FIX, ColorFix.NONE).with(PROMPT, "a cat");
            assertThatThrownBy(() -> r.restore(photo(4, 4), o)).hasMessage("this model has no color-fix, prompt, steps; leave it out");
        }
        try (GeneratorRestorer r = open("srvgg_x4")) {
            assertThatThrownBy(() -> r.check(scale(2).with(STEPS, 5))).hasMessage("this model has no steps; leave it out");
        }
    }
}
