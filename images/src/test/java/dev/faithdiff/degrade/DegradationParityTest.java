package dev.faithdiff.degrade;

import static dev.faithdiff.degrade.DegradationFixtures.FILE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.faithdiff.Fixtures;
import dev.faithdiff.degrade.DegradationFixtures.Item;
import dev.faithdiff.image.FloatImage;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DegradationParityTest {
    static List<Item> kernels() { return DegradationFixtures.items("kernel"); }

    static List<Item> filtered() { return DegradationFixtures.items("filtered"); }

    static List<Item> interpolated() { return DegradationFixtures.items("interpolate"); }

    static List<Item> compressed() { return DegradationFixtures.items("diffjpeg"); }

    @ParameterizedTest @MethodSource("kernels")
    void kernel(Item item) {
        assertThat(kernelOf(item).weights()).containsExactly(DegradationFixtures.doubles(item.name()), within(item.tolerance()));
    }

    @ParameterizedTest @MethodSource
    void filtered(Item item) {
        BlurKernel kernel = named("kernel." + item.rest()).padTo(largest());
        assertClose(item, kernel.apply(DegradationFixtures.image("image.png")));
    }

    @Test
    void filteredBatch() {
        Item item = DegradationFixtures.items("filtered_batch2").getFirst();
        FloatImage image = DegradationFixtures.image("image.png");
        float[] first = kernelOf(kernels().get(1)).padTo(largest()).apply(image).rgb();
        float[] second = kernelOf(kernels().get(2)).padTo(largest()).apply(flipped(image)).rgb();
        float[] both = Arrays.copyOf(first, 2 * first.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        Fixtures.assertClose(item.name(), both, FILE.nhwc(item.name()), item.tolerance());
    }

    @ParameterizedTest @MethodSource
    void interpolated(Item item) {
        FloatImage in = DegradationFixtures.image("image.png");
        Interpolation mode = Interpolation.valueOf(item.json().get("mode").getAsString().toUpperCase(Locale.ROOT));
        if (item.has("size")) {
            var size = item.json().getAsJsonArray("size");
            assertClose(item, mode.toSize(in, size.get(1).getAsInt(), size.get(0).getAsInt()));
        } else {
            assertClose(item, mode.byFactor(in, item.number("scale_factor")));
        }
    }

    @Test
    void sharpened() {
        Item item = DegradationFixtures.items("usm.out").getFirst();
        int size = item.whole("radius");
        Fixtures.assertClose("usm.kernel", floats(Sharpen.kernel(size).weights()), FILE.floats("usm.kernel"), 1e-9);
        assertClose(item, Sharpen.unsharpMask(DegradationFixtures.image("image_usm.png"), size, item.number("weight"), item.number("threshold")));
    }

    /** Coefficients near a half round either way: as many values may differ as in the reference's own float64 run, and one block. */
    @ParameterizedTest @MethodSource
    void compressed(Item item) {
        float[] actual = TensorJpeg.compress(DegradationFixtures.image("image.png"), item.number("quality")).rgb();
        float[] expected = FILE.nhwc(item.name());
        assertThat(actual).hasSameSizeAs(expected);
        int wrong = 0;
        for (int i = 0; i < actual.length; i++) if (!(Math.abs(actual[i] - expected[i]) <= item.tolerance())) wrong++;
        double allowed = item.number("fraction_of_values_differing_from_fp64_by_more_than_1e-4") * actual.length;
        assertThat(wrong).isLessThanOrEqualTo((int) Math.ceil(allowed) + 3 * 8 * 8);
    }

    @Test
    void gaussianNoise() {
        Item item = DegradationFixtures.items("noise").getFirst();
        FloatImage in = DegradationFixtures.image("image.png");
        float[] colour = Noise.gaussian(in, item.number("sigma"), FILE.nhwc("noise.color_draw")).rgb();
        Fixtures.assertClose("noise.color_out", colour, FILE.nhwc("noise.color_out"), item.tolerance());
        float[] grey = Noise.gaussian(in, item.number("sigma"), FILE.floats("noise.gray_draw")).rgb();
        Fixtures.assertClose("noise.gray_out", grey, FILE.nhwc("noise.gray_out"), item.tolerance());
    }

    @Test
    void everyStoredItemIsOfAKindTestedHere() {
        var kinds = List.of("kernel", "filtered", "filtered_batch2", "interpolate", "usm", "diffjpeg", "noise");
        var items = Fixtures.json("degradation/degradation.json").getAsJsonObject("items").keySet();
        assertThat(items).allMatch(name -> kinds.contains(name.split("\\.")[0]));
    }

    /** To this size all kernels are padded. */
    private static int largest() { return kernels().stream().mapToInt(k -> kernelOf(k).size()).max().orElseThrow(); }

    private static BlurKernel named(String name) {
        return kernelOf(kernels().stream().filter(k -> k.name().equals(name)).findFirst().orElseThrow());
    }

    private static BlurKernel kernelOf(Item item) {
        int size = item.whole("size");
        String type = item.json().get("type").getAsString();
        if (type.equals("sinc")) return BlurKernel.sinc(size, item.number("cutoff")).padTo(item.whole("pad_to"));
        double x = item.number("sigma_x");
        boolean round = item.json().get("isotropic").getAsBoolean();
        double y = round ? x : item.number("sigma_y"), theta = round ? 0 : item.number("theta");
        return switch (type) {
            case "gaussian" -> BlurKernel.gaussian(size, x, y, theta);
            case "generalized" -> BlurKernel.generalized(size, x, y, theta, item.number("beta"));
            case "plateau" -> BlurKernel.plateau(size, x, y, theta, item.number("beta"));
            default -> throw new AssertionError("unknown kernel " + type);
        };
    }

    private static FloatImage flipped(FloatImage in) {
        float[] out = new float[in.rgb().length];
        int w = in.width();
        for (int i = 0; i < out.length; i++) {
            int pixel = i / 3;
            out[i] = in.rgb()[3 * (pixel / w * w + w - 1 - pixel % w) + i % 3];
        }
        return new FloatImage(w, in.height(), out);
    }

    private static void assertClose(Item item, FloatImage actual) {
        var shape = FILE.shape(item.name());
        assertThat(actual.height()).as("height").isEqualTo(shape.size(2));
        assertThat(actual.width()).as("width").isEqualTo(shape.size(3));
        Fixtures.assertClose(item.name(), actual.rgb(), FILE.nhwc(item.name()), item.tolerance());
    }

    private static float[] floats(double[] x) {
        float[] out = new float[x.length];
        for (int i = 0; i < out.length; i++) out[i] = (float) x[i];
        return out;
    }
}
