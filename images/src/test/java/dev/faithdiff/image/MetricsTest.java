package dev.faithdiff.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Metrics.Channels;
import dev.faithdiff.image.file.ImageFiles;
import java.util.Set;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MetricsTest {
    private static final JsonObject JSON = Fixtures.json("metrics/metrics.json");

    static Set<String> pairs() { return JSON.getAsJsonObject("values").keySet(); }

    @ParameterizedTest @MethodSource("pairs")
    void equalsPyiqa(String pair) {
        Image a = image(pair.equals("identical") ? "ref" : pair), b = image("ref");
        assertThat(Metrics.psnr(a, b, Channels.RGB)).isCloseTo(value(pair, "psnr_rgb"), atol("psnr"));
        assertThat(Metrics.psnr(a, b, Channels.LUMA)).isCloseTo(value(pair, "psnr_y"), atol("psnr"));
        assertThat(Metrics.psnr(a, b, Channels.LIMITED_LUMA)).isCloseTo(value(pair, "psnr_y_ycbcr_limited"), atol("psnr"));
        assertThat(Metrics.psnr(cropped(a), cropped(b), Channels.RGB)).isCloseTo(value(pair, "psnr_rgb_crop4"), atol("psnr"));
        assertThat(Metrics.psnr(a, b, Channels.RGB)).isCloseTo(value(pair, "psnr_rgb_fp64"), atol("psnr"));
        assertThat(Metrics.ssim(a, b, Channels.LUMA)).isCloseTo(value(pair, "ssim_y"), atol("ssim"));
        assertThat(Metrics.ssim(a, b, Channels.RGB)).isCloseTo(value(pair, "ssim_rgb"), atol("ssim"));
        assertThat(Metrics.ssim(a, b, Channels.LIMITED_LUMA)).isCloseTo(value(pair, "ssim_y_ycbcr_limited"), atol("ssim"));
    }

    @Test
    void refusesPhotosThatCannotBeCompared() {
        Image small = Image.of(10, 12, new byte[360]);
        assertThatThrownBy(() -> Metrics.psnr(small, image("ref"), Channels.RGB))
                .isInstanceOf(ImageError.class).hasMessageContaining("10x12");
        assertThatThrownBy(() -> Metrics.ssim(small, small, Channels.RGB))
                .isInstanceOf(ImageError.class).hasMessageContaining("10x12");
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
