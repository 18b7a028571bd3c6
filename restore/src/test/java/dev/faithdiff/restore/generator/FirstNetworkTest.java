package dev.faithdiff.restore.generator;

import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The released network that comes with the program, from its folder. */
@Tag("full")
class FirstNetworkTest {
    private static final Path FOLDER = Path.of(System.getProperty("faithdiff.home"), "models/realesr-general-x4v3");

    private static int farthest(Image a, Image b) {
        assertThat(a.toString()).isEqualTo(b.toString());
        int worst = 0;
        for (int i = 0; i < a.rgb().length; i++) worst = Math.max(worst, Math.abs((a.rgb()[i] & 0xff) - (b.rgb()[i] & 0xff)));
        return worst;
    }

    /** Goldens of the scale at which nothing is resized behind the network. */
    static Stream<Path> goldens() {
        return Fixtures.json("goldens/goldens.json").getAsJsonObject("cases").asMap().entrySet().stream()
                .filter(c -> c.getValue().getAsJsonObject().get("scale").getAsInt() == 4).map(c -> Fixtures.path("goldens").resolve(c.getKey()));
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void givesTheImageOfPyTorch(Path golden) {
        Image photo = ImageFiles.read(golden.resolve("photo.png"));
        try (GeneratorRestorer r = (GeneratorRestorer) Restorers.open(FOLDER, Device.CPU)) {
            Options own = r.defaults();
            assertThat(own.get(SCALE)).isEqualTo(4);
            Image whole = r.restore(photo, own);
            assertThat(farthest(whole, ImageFiles.read(golden.resolve("network.png")))).isLessThanOrEqualTo(1);
            assertThat(farthest(r.restore(photo, own.with(VAE_TILE, 64)), whole)).as("in tiles").isLessThanOrEqualTo(1);
        }
    }

    @Test void folderIsWhole() { assertThat(dev.faithdiff.convert.Main.run("verify", FOLDER.toString())).isZero(); }
}
