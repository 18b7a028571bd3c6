package dev.faithdiff;

import static dev.faithdiff.FaithDiff.START;
import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.faithdiff.degrade.Recipe;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.Guard;
import dev.faithdiff.restore.Options;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * An edge of the photo is restored as if the photo went on there: a picture comes out as the same picture does that is continued by its
 * mirror image, restored and cut back. Noise would be another one, so this is for models that start from the photo.
 */
@Tag("full")
class EdgesTest {
    private static final Path HOME = Path.of(System.getProperty("faithdiff.home"));
    private static final int TIMES = 4, CONTINUED = 16;
    /** Rows and columns of the result that count as an edge, and levels of 255 by which it may differ more than the interior. */
    private static final int EDGE = 8, MOST = 1;

    @Test void gradient() {
        int side = 64;
        byte[] rgb = new byte[3 * side * side];
        for (int i = 0; i < side * side; i++) {
            int x = i % side, y = i / side;
            rgb[3 * i] = (byte) (40 + 170 * x / side);
            rgb[3 * i + 1] = (byte) (60 + 120 * y / side);
            rgb[3 * i + 2] = (byte) (200 - 40 * (x + y) / side);
        }
        check(Image.of(side, side, rgb));
    }

    @Test void photo() {
        Image photo = ImageFiles.read(HOME.resolve("samples/coffee.png"));
        check(Recipe.named("mini").degrade(photo.crop(100, 60, 256, 192), TIMES, 1));
    }

    private static void check(Image photo) {
        try (FaithDiff faithDiff = FaithDiff.open(HOME.resolve("models/faithdiff-mini"), Device.CPU)) {
            Options o = faithDiff.defaults().with(SCALE, (double) TIMES).with(GUARD, Guard.OFF);
            assumeTrue(o.get(START) == FaithDiff.Start.PHOTO);
            Image alone = faithDiff.restore(photo, o), within = faithDiff.restore(photo.mirrored(CONTINUED), o);
            int w = alone.width(), h = alone.height(), away = TIMES * CONTINUED;
            Image same = within.crop(away, away, w, h);
            double interior = difference(alone, same, w / 4, h / 4, w / 2, h / 2);
            assertThat(difference(alone, same, 0, 0, w, EDGE)).as("top").isLessThan(interior + MOST);
            assertThat(difference(alone, same, 0, h - EDGE, w, EDGE)).as("bottom").isLessThan(interior + MOST);
            assertThat(difference(alone, same, 0, 0, EDGE, h)).as("left").isLessThan(interior + MOST);
            assertThat(difference(alone, same, w - EDGE, 0, EDGE, h)).as("right").isLessThan(interior + MOST);
        }
    }

    /** Mean absolute difference of a part of two images. */
    private static double difference(Image a, Image b, int x, int y, int w, int h) {
        byte[] p = a.crop(x, y, w, h).rgb(), q = b.crop(x, y, w, h).rgb();
        double sum = 0;
        for (int i = 0; i < p.length; i++) sum += Math.abs((p[i] & 0xff) - (q[i] & 0xff));
        return sum / p.length;
    }
}
