package dev.faithdiff.quality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.quality.Niqe.Variant;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("full")
class NiqeTest {
    private static final JsonObject JSON = Fixtures.json("iqa/niqe/niqe.json");
    private static final Pristine PUBLISHED = Pristine.published();
    private static final Map<String, Niqe> VARIANTS = Map.of("pyiqa", new Niqe(PUBLISHED, Variant.PYIQA, 0),
            "pyiqa_ycbcr", new Niqe(PUBLISHED, Variant.PYIQA_YCBCR, 0), "pyiqa_ycbcr_crop4", new Niqe(PUBLISHED, Variant.PYIQA_YCBCR, 4), "basicsr",
            new Niqe(PUBLISHED, Variant.BASICSR, 0), "basicsr_crop4", new Niqe(PUBLISHED, Variant.BASICSR, 4), "basicsr_gray",
            new Niqe(PUBLISHED, Variant.BASICSR_GREY, 0));

    @TempDir Path dir;

    static Set<String> images() { return JSON.getAsJsonObject("images").keySet(); }

    @ParameterizedTest @MethodSource("images")
    void equalsThePublishedCode(String image) {
        JsonObject values = JSON.getAsJsonObject("images").getAsJsonObject(image);
        for (String variant : values.keySet()) {
            JsonObject value = values.getAsJsonObject(variant);
            double ours = VARIANTS.get(variant).of(ClassicTest.image(image), null);
            if (value.has("unstable")) continue;
            assertThat(ours).as(variant).isCloseTo(value.get("value").getAsDouble(), within(value.get("atol").getAsDouble()));
        }
    }

    /** Where blocks have no value on one side of zero, these features are NaN here, too. */
    @ParameterizedTest @MethodSource("images")
    void hasTheFeaturesOfEachBlock(String image) {
        JsonObject values = JSON.getAsJsonObject("images").getAsJsonObject(image).getAsJsonObject("pyiqa"), atol = JSON.getAsJsonObject("atol");
        double[][] features = VARIANTS.get("pyiqa").scene(ClassicTest.image(image)).features();
        for (int scale = 0; scale < 2; scale++) {
            JsonArray blocks = values.getAsJsonArray("features_scale" + (scale + 1));
            assertThat(features).hasNumberOfRows(blocks.size());
            for (int b = 0; b < blocks.size(); b++) {
                for (int f = 0; f < 18; f++) {
                    double expected = blocks.get(b).getAsJsonArray().get(f).getAsDouble(), ours = features[b][18 * scale + f];
                    boolean isShape = f == 0 || f % 4 == 2;
                    double tolerance = atol.get(isShape ? "alpha (features 0,2,6,10,14)" : "other features").getAsDouble();
                    if (Double.isNaN(expected)) assertThat(ours).isNaN();
                    else assertThat(ours).as("scale " + scale + " block " + b + " feature " + f).isCloseTo(expected, within(tolerance));
                }
            }
        }
    }

    @Test void fitsWidthsAndShape() {
        JsonObject atol = JSON.getAsJsonObject("aggd_atol");
        for (JsonElement e : JSON.getAsJsonArray("aggd_fits")) {
            JsonObject fit = e.getAsJsonObject();
            Asymmetric ours = Asymmetric.fit(fit.getAsJsonArray("samples").asList().stream().mapToDouble(JsonElement::getAsDouble).toArray());
            assertThat(ours.shape()).isCloseTo(fit.get("alpha").getAsDouble(), within(atol.get("alpha").getAsDouble()));
            assertThat(ours.left()).isCloseTo(fit.get("beta_l").getAsDouble(), within(atol.get("beta").getAsDouble()));
            assertThat(ours.right()).isCloseTo(fit.get("beta_r").getAsDouble(), within(atol.get("beta").getAsDouble()));
        }
    }

    @Test void readsParametersOfEachFormat() throws IOException {
        Path mat = Files.write(dir.resolve("own.mat"), resource("pristine.mat"));
        for (Path file : List.of(Fixtures.path("iqa/niqe/pristine.json"), mat)) {
            Pristine read = Pristine.read(file);
            assertThat(read.mean()).as(file.toString()).containsExactly(PUBLISHED.mean());
            assertThat(read.covariance()).as(file.toString()).isDeepEqualTo(PUBLISHED.covariance());
        }
        Path npz = dir.resolve("own.npz"), json = dir.resolve("own.json");
        Files.write(npz, resource("niqe-pristine.npz"));
        assertThat(Pristine.read(npz).covariance()).isDeepEqualTo(PUBLISHED.covariance());
        Files.writeString(json, new Pristine(PUBLISHED.mean(), PUBLISHED.covariance(), "2 photos").toJson());
        assertThat(Pristine.read(json).covariance()).isDeepEqualTo(PUBLISHED.covariance());
        assertThat(new Niqe(Pristine.read(json), Variant.PYIQA, 0).name()).isEqualTo("niqe-fitted");
        assertThatThrownBy(() -> Pristine.read(dir.resolve("none"))).isInstanceOf(MeasureError.class).hasMessageContaining("does not exist");
    }

    @Test void refusesDamagedParameters() throws IOException {
        byte[] mat = resource("pristine.mat");
        Path file = dir.resolve("bad.mat");
        for (int bytes : new int[] {0, 60, 128, 140, 600, mat.length / 2}) {
            Files.write(file, Arrays.copyOf(mat, bytes));
            assertThatThrownBy(() -> Pristine.read(file)).as(bytes + " bytes").isInstanceOf(MeasureError.class).hasMessageContaining("bad.mat");
        }
        for (String json : List.of("", "{", "[1]", "{\"mu\":[1],\"cov\":[[1]]}", "{\"mu\":1,\"cov\":{}}", "{\"cov\":[[null]]}", "not json")) {
            Files.writeString(file, json);
            assertThatThrownBy(() -> Pristine.read(file)).as(json).isInstanceOf(MeasureError.class).hasMessageContaining("not parameters of NIQE");
        }
    }

    /** Parameters fitted to a photo call that photo more natural than its degraded versions. */
    @Test void fitsParameters() {
        Image photo = ImageFiles.read(Path.of(System.getProperty("faithdiff.home"), "samples/astronaut.png"));
        Pristine.Fit fit = new Pristine.Fit();
        fit.add(photo.crop(0, 0, 192, 192));
        assertThatThrownBy(fit::parameters).isInstanceOf(MeasureError.class).hasMessageContaining("more than 36 sharp blocks");
        IntStream.range(0, 48).forEach(i -> fit.add(photo.crop(i % 8 * 20, i / 8 * 30, 288, 288)));
        Niqe own = new Niqe(fit.parameters(), Variant.PYIQA, 0);
        Image blurred = Resize.resize(Resize.resize(photo, 128, 128, Filter.BICUBIC), 512, 512, Filter.BICUBIC);
        assertThat(own.of(photo, null)).isLessThan(own.of(blurred, null) / 2);
    }

    @Test void saysHowLargeAnImageMustBe() {
        assertThatThrownBy(() -> VARIANTS.get("basicsr_crop4").of(Image.of(103, 200, new byte[3 * 103 * 200]), null)).isInstanceOf(MeasureError.class)
                .hasMessage("niqe-basicsr takes at least 104x104 pixels, got 103x200");
        assertThatThrownBy(() -> VARIANTS.get("pyiqa").of(Image.of(200, 200, new byte[3 * 200 * 200]), null)).isInstanceOf(MeasureError.class)
                .hasMessageContaining("at least two blocks");
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = Pristine.class.getResourceAsStream(name)) {
            return in.readAllBytes();
        }
    }
}
