package dev.faithdiff.degrade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.ImageFiles;
import dev.faithdiff.image.Metrics;
import dev.faithdiff.image.Metrics.Channels;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RecipeTest {
    private static final Image CLEAN = ImageFiles.read(Fixtures.dir().resolve("metrics/ref.png"));

    static List<Recipe> recipes() { return Recipe.ALL; }

    @ParameterizedTest @MethodSource("recipes")
    void aSeedDecidesThePhoto(Recipe recipe) {
        for (int seed = 0; seed < 12; seed++) {
            Image bad = recipe.degrade(CLEAN, 4, seed);
            assertThat(bad.width()).isEqualTo(CLEAN.width() / 4);
            assertThat(bad.height()).isEqualTo(CLEAN.height() / 4);
            assertThat(recipe.degrade(CLEAN, 4, seed)).isEqualTo(bad);
        }
        if (recipe != Recipe.LEVEL1) assertThat(recipe.degrade(CLEAN, 4, 0)).isNotEqualTo(recipe.degrade(CLEAN, 4, 1));
    }

    @ParameterizedTest @MethodSource("recipes")
    void worksDownToOnePixel(Recipe recipe) {
        for (int seed = 0; seed < 8; seed++) {
            Image dot = recipe.degrade(CLEAN.crop(0, 0, 5, 4), 4, seed);
            assertThat(dot.width()).isEqualTo(1);
            assertThat(recipe.degrade(CLEAN.crop(0, 0, 23, 17), 1, seed).width()).isEqualTo(23);
        }
        assertThatThrownBy(() -> recipe.degrade(CLEAN.crop(0, 0, 5, 3), 4, 0)).isInstanceOf(ImageError.class).hasMessageContaining("5x3");
        assertThatThrownBy(() -> recipe.degrade(CLEAN, 0, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theLevelsRise() {
        assertThat(quality(Recipe.LEVEL1)).isGreaterThan(quality(Recipe.LEVEL2) + 1);
        assertThat(quality(Recipe.LEVEL2)).isGreaterThan(quality(Recipe.LEVEL3) + 1);
    }

    @Test
    void namesTheRecipesThereAre() {
        for (Recipe recipe : Recipe.ALL) assertThat(Recipe.named(recipe.name())).isSameAs(recipe);
        assertThatThrownBy(() -> Recipe.named("level4")).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("level4").hasMessageContaining("mini, published, level1, level2, level3");
    }

    /** Mean PSNR in dB of enlarged bad photos. */
    private static double quality(Recipe recipe) {
        double sum = 0;
        for (int seed = 0; seed < 16; seed++) {
            Image bad = Recipe.enlarged(recipe.degrade(CLEAN, 4, seed), CLEAN.width(), CLEAN.height());
            sum += Metrics.psnr(bad, CLEAN, Channels.RGB);
        }
        return sum / 16;
    }
}
