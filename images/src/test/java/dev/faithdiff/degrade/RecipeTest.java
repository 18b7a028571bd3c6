package dev.faithdiff.degrade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Deviation;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.ImageFiles;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("full")
class RecipeTest {
    private static final Image CLEAN = ImageFiles.read(Fixtures.path("metrics/ref.png"));
    private static final JsonObject PSNR = Fixtures.json("goldens/goldens.json").getAsJsonObject("recipe_mini_psnr");

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

    static Set<String> evaluated() { return PSNR.keySet(); }

    /** {@code fixtures/make/goldens.py} degrades the same part with other random numbers, so only the mean quality can agree. */
    @ParameterizedTest @MethodSource("evaluated")
    void isAsBadAsInPyTorch(String sample) {
        assertThat(quality(Recipe.MINI, sample(sample + ".png").crop(96, 20, 256, 256))).isCloseTo(PSNR.get(sample).getAsDouble(), within(0.1));
    }

    @ParameterizedTest @ValueSource(strings = {"chelsea", "astronaut", "coffee"})
    void makesTheSamples(String photo) {
        Image bad = Recipe.MINI.degrade(sample(photo + ".png"), 4, 0);
        assertThat(Deviation.decibels(bad, sample(photo + "-degraded.jpg"))).isGreaterThan(35);
    }

    @Test
    void theLevelsRise() {
        assertThat(quality(Recipe.LEVEL1, CLEAN)).isGreaterThan(quality(Recipe.LEVEL2, CLEAN) + 1);
        assertThat(quality(Recipe.LEVEL2, CLEAN)).isGreaterThan(quality(Recipe.LEVEL3, CLEAN) + 1);
    }

    @Test
    void namesTheRecipesThereAre() {
        for (Recipe recipe : Recipe.ALL) assertThat(Recipe.named(recipe.name())).isSameAs(recipe);
        assertThatThrownBy(() -> Recipe.named("level4")).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("level4").hasMessageContaining("mini, published, level1, level2, level3");
    }

    /** Mean PSNR in dB of enlarged bad photos. */
    private static double quality(Recipe recipe, Image clean) {
        return IntStream.range(0, 16).mapToDouble(seed -> {
            Image bad = Resize.resize(recipe.degrade(clean, 4, seed), clean.width(), clean.height(), Filter.BICUBIC);
            return Deviation.decibels(bad, clean);
        }).average().orElseThrow();
    }

    private static Image sample(String file) { return ImageFiles.read(Path.of(System.getProperty("faithdiff.home"), "samples", file)); }
}
