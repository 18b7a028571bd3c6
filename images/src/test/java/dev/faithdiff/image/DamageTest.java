package dev.faithdiff.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;
import static org.assertj.core.data.Percentage.withPercentage;

import dev.faithdiff.degrade.Recipe;
import dev.faithdiff.degrade.Step;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.Jpeg;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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

    /** The pixels themselves count as a blur of 0.8. */
    @ParameterizedTest
    @CsvSource({"0.5, 0.9", "0.8, 1.1", "1.2, 1.4", "2, 2.1", "3, 3"})
    void blur(double sigma, double expected) {
        Image edges = grey((x, y) -> x < 80 == y < 80 ? 38 : 218);
        Damage damage = Damage.of(new Recipe("blur", List.of(new Step.GaussianBlur(sigma))).degrade(edges, 1, 0));
        assertThat(damage.blur()).isCloseTo(expected, withPercentage(6));
        assertThat(damage.noise()).isLessThan(0.5);
    }

    @Test void nothingToMeasure() {
        for (Image image : new Image[] {grey((x, y) -> 90), Image.of(1, 1, new byte[3]), Image.of(2, 9, new byte[54])}) {
            Damage damage = Damage.of(image);
            assertThat(damage.noise()).isCloseTo(0, offset(1e-3));
            assertThat(damage.blur()).isInfinite();
            assertThat(damage.blocks()).isZero();
            assertThat(damage.isMild()).isFalse();
        }
    }

    @Test void jpegBlocks() {
        Image photo = photo();
        double before = Damage.of(photo).blocks(), strong = Damage.of(Jpeg.compressed(photo, 30)).blocks(),
                light = Damage.of(Jpeg.compressed(photo, 95)).blocks();
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
