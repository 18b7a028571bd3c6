package dev.faithdiff.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;
import static org.assertj.core.data.Percentage.withPercentage;

import dev.faithdiff.degrade.Recipe;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The estimates on pictures whose damage is known. */
class DamageTest {
    private static final int SIDE = 160;

    private interface Pattern {
        double at(int x, int y);
    }

    private static Image grey(Pattern p) {
        byte[] rgb = new byte[3 * SIDE * SIDE];
        for (int i = 0; i < rgb.length; i++) rgb[i] = (byte) Math.clamp(Math.round(p.at(i / 3 % SIDE, i / 3 / SIDE)), 0, 255);
        return Image.of(SIDE, SIDE, rgb);
    }

    @ParameterizedTest
    @ValueSource(doubles = {1, 3, 8, 20})
    void noise(double sigma) {
        Random random = new Random(5);
        double[] field = new double[SIDE * SIDE];
        for (int i = 0; i < field.length; i++) field[i] = 60 + i % SIDE * 0.8 + sigma * random.nextGaussian();
        assertThat(Damage.of(grey((x, y) -> field[y * SIDE + x])).noise()).isCloseTo(sigma, withPercentage(15));
    }

    /** An edge that a Gaussian blurred is its integral, which this curve is near. */
    @ParameterizedTest
    @ValueSource(doubles = {0.8, 1.2, 2, 3})
    void blur(double sigma) {
        Image edges = grey((x, y) -> 128 + 90 * Math.tanh((x - 79.5) / sigma * 0.85) * (y < 80 ? 1 : -1));
        assertThat(Damage.of(edges).blur()).isCloseTo(sigma, withPercentage(20));
        assertThat(Damage.of(edges).noise()).isLessThan(0.5);
    }

    @Test void nothingToMeasure() {
        Damage flat = Damage.of(grey((x, y) -> 90));
        assertThat(flat).isEqualTo(new Damage(0, Double.POSITIVE_INFINITY, 0));
        assertThat(flat.isMild()).isFalse();
        assertThat(Damage.of(Image.of(1, 1, new byte[3])).isMild()).isFalse();
    }

    @Test void jpegBlocks() {
        Image photo = photo();
        double before = Damage.of(photo).blocks(), strong = Damage.of(Jpeg.compressed(photo, 30)).blocks(), light = Damage.of(Jpeg.compressed(photo, 95)).blocks();
        assertThat(before).isCloseTo(0, offset(0.05));
        assertThat(strong).isGreaterThan(0.2).isGreaterThan(light);
    }

    @Test void photos() {
        assertThat(Damage.of(photo()).isMild()).isTrue();
        for (Recipe r : new Recipe[] {Recipe.MINI, Recipe.PUBLISHED, Recipe.LEVEL3}) {
            assertThat(Damage.of(r.degrade(photo(), 2, 1)).isMild()).as(r.name()).isFalse();
        }
    }

    private static Image photo() { return ImageFiles.read(Path.of(System.getProperty("faithdiff.home"), "samples", "chelsea.png")); }
}
