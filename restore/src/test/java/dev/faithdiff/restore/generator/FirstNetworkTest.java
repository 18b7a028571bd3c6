package dev.faithdiff.restore.generator;

import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The released network that comes with the program, from its folder. */
class FirstNetworkTest {
    private static final Path HOME = Path.of(System.getProperty("faithdiff.home")), FOLDER = HOME.resolve("models/realesr-general-x4v3");
    private static final Path GOLDEN = Path.of(System.getProperty("goldens.dir"), "realesr-general-x4v3/chelsea-x4.png");

    private static int farthest(Image a, Image b) {
        assertThat(a.toString()).isEqualTo(b.toString());
        int worst = 0;
        for (int i = 0; i < a.rgb().length; i++) worst = Math.max(worst, Math.abs((a.rgb()[i] & 0xff) - (b.rgb()[i] & 0xff)));
        return worst;
    }

    /** PyTorch computed the golden image in F32 from the same weights: of 48x32 pixels from (40, 16) on. */
    @Test void givesTheImageOfPyTorch() {
        Image photo = ImageFiles.read(HOME.resolve("samples/chelsea-degraded.jpg")).crop(40, 16, 48, 32);
        try (GeneratorRestorer r = (GeneratorRestorer) Restorers.open(FOLDER, Device.CPU)) {
            Options own = r.defaults();
            assertThat(own.get(SCALE)).isEqualTo(4);
            Image whole = r.restore(photo, own);
            assertThat(farthest(whole, ImageFiles.read(GOLDEN))).isLessThanOrEqualTo(1);
            assertThat(farthest(r.restore(photo, own.with(VAE_TILE, 64)), whole)).as("in tiles").isLessThanOrEqualTo(1);
        }
    }

    @Test void folderIsWhole() { assertThat(dev.faithdiff.convert.Main.run("verify", FOLDER.toString())).isZero(); }
}
