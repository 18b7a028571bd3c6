package dev.faithdiff.quality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.quality.ColourDifference.Figure;
import java.util.Map;
import java.util.Set;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Against pyiqa, and for colours against scikit-image. */
@Tag("full")
class ClassicTest {
    private static final JsonObject JSON = Fixtures.json("iqa/classic/classic.json");
    private static final Map<String, Measure> SIMILARITIES = Map.of("fsim", new Fsim(true), "fsim_grey", new Fsim(false), "gmsd", new Gmsd());
    private static final Map<String, Measure> DIFFERENCES = Map.of("deltaE2000_mean", new ColourDifference(Figure.MEAN), "deltaE2000_max",
            new ColourDifference(Figure.MAX), "deltaE2000_p95", new ColourDifference(Figure.P95));

    static Set<String> images() { return JSON.getAsJsonObject("values_against_photo").keySet(); }

    @ParameterizedTest @MethodSource("images")
    void equalsThePublishedCode(String name) {
        Image image = image(name), photo = image("photo");
        JsonObject values = JSON.getAsJsonObject("values_against_photo").getAsJsonObject(name);
        assertThat(new MsSsim().of(image, photo)).isCloseTo(values.get("ms_ssim").getAsDouble(), atol("ms_ssim"));
        SIMILARITIES.forEach((key, measure) -> {
            JsonObject value = values.getAsJsonObject(key);
            assertThat(measure.of(image, photo)).as(key).isCloseTo(value.get("value").getAsDouble(), within(value.get("atol").getAsDouble()));
        });
        DIFFERENCES.forEach((key, measure) -> assertThat(measure.of(image, photo)).as(key).isCloseTo(values.get(key).getAsDouble(), atol("deltaE")));
    }

    @Test void sidesMayBeOdd() {
        JsonObject crops = JSON.getAsJsonObject("ms_ssim_top_left_crops");
        for (String crop : crops.keySet()) {
            JsonArray size = crops.getAsJsonObject(crop).getAsJsonArray("crop_width_height");
            int w = size.get(0).getAsInt(), h = size.get(1).getAsInt();
            double value = new MsSsim().of(image("blur").crop(0, 0, w, h), image("photo").crop(0, 0, w, h));
            assertThat(value).as(crop).isCloseTo(crops.getAsJsonObject(crop).get("ms_ssim_blur").getAsDouble(), atol("ms_ssim"));
        }
    }

    @Test void coloursAreThoseOfScikitImage() {
        for (JsonElement e : JSON.getAsJsonArray("lab_of_rgb")) {
            double[] rgb = numbers(e, "rgb");
            assertThat(CieLab.of((int) rgb[0], (int) rgb[1], (int) rgb[2])).containsExactly(numbers(e, "lab"), atol("deltaE"));
        }
        for (JsonElement e : JSON.getAsJsonArray("deltaE2000_pairs")) {
            double expected = e.getAsJsonObject().get("deltaE2000").getAsDouble();
            assertThat(CieLab.difference(numbers(e, "lab1"), numbers(e, "lab2"))).as(e.toString()).isCloseTo(expected, atol("deltaE"));
        }
    }

    @Test void saysHowLargeAnImageMustBe() {
        Image small = Image.of(200, 160, new byte[3 * 200 * 160]);
        assertThatThrownBy(() -> new MsSsim().of(small, small)).isInstanceOf(MeasureError.class)
                .hasMessage("ms-ssim takes at least 161x161 pixels, got 200x160");
    }

    static Image image(String name) { return ImageFiles.read(Fixtures.path("iqa/images/" + name + ".png")); }

    private static double[] numbers(JsonElement of, String key) {
        return of.getAsJsonObject().getAsJsonArray(key).asList().stream().mapToDouble(JsonElement::getAsDouble).toArray();
    }

    private static Offset<Double> atol(String key) { return within(JSON.getAsJsonObject("atol").get(key).getAsDouble()); }
}
