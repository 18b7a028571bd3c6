package dev.faithdiff;

import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.TwoStages.QUALITY;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.quality.Channels;
import dev.faithdiff.quality.Psnr;
import dev.faithdiff.restore.Guard;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.TwoStages;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bundled two stages on the three samples: their sum beats its parts, on small results and on ones of several tiles. */
@Tag("full")
class DefaultModelTest {
    private static final Path HOME = Path.of(System.getProperty("faithdiff.home"));
    private static final Restorer RESTORER = Restorers.open(HOME.resolve("models/faithdiff-mini"), Device.CPU);
    private static final Options DEFAULTS = RESTORER.defaults().with(GUARD, Guard.OFF);

    @AfterAll static void close() { RESTORER.close(); }

    @Test void bothStagesBeatEnlargingAndTheFirstAlone() {
        double enlarged = 0, first = 0, both = 0;
        for (String name : List.of("astronaut", "chelsea", "coffee")) {
            Image small = ImageFiles.read(HOME.resolve("samples/" + name + "-degraded.jpg"));
            Image clean = ImageFiles.read(HOME.resolve("samples/" + name + ".png")).crop(0, 0, 4 * small.width(), 4 * small.height());
            enlarged += quality(Resize.resize(small, clean.width(), clean.height(), Filter.BICUBIC), clean);
            first += quality(RESTORER.restore(small, DEFAULTS.with(QUALITY, TwoStages.Effort.FAST)), clean);
            both += quality(RESTORER.restore(small, DEFAULTS), clean);
        }
        assertThat(both / 3).as("mean PSNR").isGreaterThan(enlarged / 3 + 0.8).isGreaterThan(first / 3 + 0.8);
    }

    @Test void tilesOfTheDenoisingDoNotShow() {
        Image photo = ImageFiles.read(HOME.resolve("samples/coffee.png")).crop(0, 0, 128, 80);
        Image whole = RESTORER.restore(photo, DEFAULTS.with(TILE, 1 << 12)), tiled = RESTORER.restore(photo, DEFAULTS.with(TILE, 256));
        assertThat(quality(tiled, whole)).as("PSNR of tiled against whole").isGreaterThan(50);
    }

    @Test void noStrengthIsTheEnlargedPhoto() {
        Image photo = ImageFiles.read(HOME.resolve("samples/chelsea-degraded.jpg")).crop(8, 8, 24, 16);
        assertThat(RESTORER.restore(photo, DEFAULTS.with(STRENGTH, 0.0))).isEqualTo(Resize.resize(photo, 96, 64, Filter.LANCZOS));
    }

    @Test void itCleansWithoutEnlarging() {
        Image photo = ImageFiles.read(HOME.resolve("samples/chelsea-degraded.jpg")).crop(8, 8, 48, 40);
        Image cleaned = RESTORER.restore(photo, DEFAULTS.with(SCALE, 1.0));
        assertThat(cleaned.width() + "x" + cleaned.height()).isEqualTo("48x40");
        assertThat(cleaned).isNotEqualTo(photo);
    }

    @Test void aCopyElsewhereFindsTheFirstStage(@TempDir Path dir) {
        Path copy = dir.resolve("runs/mini/model");
        try (Model model = Model.open(HOME.resolve("models/faithdiff-mini"), Device.CPU)) {
            model.save(copy, false, DType.F16, Map.of());
        }
        try (Restorer restorer = Restorers.open(copy, Device.CPU)) {
            assertThat(restorer.defaults()).isEqualTo(RESTORER.defaults());
        }
    }

    private static double quality(Image restored, Image clean) { return new Psnr(Channels.RGB).of(restored, clean); }
}
