package dev.faithdiff.quality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import java.util.Set;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PsnrSsimTest {
    private static final JsonObject JSON = Fixtures.json("metrics/metrics.json");

    static Set<String> pairs() { return JSON.getAsJsonObject("values").keySet(); }

    @ParameterizedTest @MethodSource("pairs")
    void equalsPyiqa(String pair) {
        Image a = image(pair.equals("identical") ? "ref" : pair), b = image("ref");
        Measure rgb = new Psnr(Channels.RGB);
        assertThat(rgb.of(a, b)).isCloseTo(value(pair, "psnr_rgb"), atol("psnr")).isCloseTo(value(pair, "psnr_rgb_fp64"), atol("psnr"));
        assertThat(rgb.of(cropped(a), cropped(b))).isCloseTo(value(pair, "psnr_rgb_crop4"), atol("psnr"));
        assertThat(new Psnr(Channels.Y).of(a, b)).isCloseTo(value(pair, "psnr_y"), atol("psnr"));
        assertThat(new Psnr(Channels.YCBCR).of(a, b)).isCloseTo(value(pair, "psnr_y_ycbcr_limited"), atol("psnr"));
        assertThat(new Ssim(Channels.Y).of(a, b)).isCloseTo(value(pair, "ssim_y"), atol("ssim"));
        assertThat(new Ssim(Channels.RGB).of(a, b)).isCloseTo(value(pair, "ssim_rgb"), atol("ssim"));
        assertThat(new Ssim(Channels.YCBCR).of(a, b)).isCloseTo(value(pair, "ssim_y_ycbcr_limited"), atol("ssim"));
    }

    @Test
    void refusesImagesThatCannotBeCompared() {
        Image small = Image.of(10, 12, new byte[360]);
        assertThatThrownBy(() -> new Psnr(Channels.RGB).of(small, image("ref"))).isInstanceOf(MeasureError.class)
                .hasMessageContaining("psnr-rgb compares images of one size, got 10x12 and ");
        assertThatThrownBy(() -> new Ssim(Channels.Y).of(small, small)).isInstanceOf(MeasureError.class)
                .hasMessage("ssim-y takes at least 11x11 pixels, got 10x12");
        assertThatThrownBy(() -> new Psnr(Channels.Y).of(small, null)).isInstanceOf(MeasureError.class).hasMessage("psnr-y needs a reference");
    }

    private static Image image(String name) { return ImageFiles.read(Fixtures.path("metrics").resolve(name + ".png")); }

    private static Image cropped(Image image) { return image.crop(4, 4, image.width() - 8, image.height() - 8); }

    private static double value(String pair, String key) {
        return JSON.getAsJsonObject("values").getAsJsonObject(pair).get(key).getAsDouble();
    }

    private static Offset<Double> atol(String kind) {
        return within(JSON.getAsJsonObject("suggested_atol").get(kind).getAsDouble());
    }
}
