package dev.faithdiff;

import static dev.faithdiff.restore.CommonOptions.SCALE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import dev.faithdiff.quality.Channels;
import dev.faithdiff.quality.Psnr;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Compute.NumberType;
import dev.faithdiff.restore.Offload;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Engine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code --precision bf16} and {@code int8} cost on the CPU, with the default model's last stage. */
@Tag("full")
class RoundedProductsTest {
    private static final Path HOME = Path.of(System.getProperty("faithdiff.home")), MODEL = HOME.resolve("models/faithdiff-mini");

    /** A restored photo, the U-Net's predictions, and the kernels that ran. */
    private record Run(Image image, List<float[]> predictions, Set<String> kernels) {
        static Run of(Image photo, NumberType precision) {
            List<float[]> predictions = new ArrayList<>();
            Set<String> kernels = new TreeSet<>();
            try (FaithDiff faithDiff = FaithDiff.open(MODEL, new Compute(Device.CPU, precision, Offload.NONE))) {
                Image image = Engine.observed((op, in, out, kernel, nanos) -> {
                    kernels.add(kernel);
                    if (in.length > 1 && "conv_out.weight".equals(in[1].label())) predictions.add(out.toFloats());
                }, () -> faithDiff.restore(photo, faithDiff.defaults().with(SCALE, 2.0)));
                return new Run(image, predictions, kernels);
            }
        }
    }

    @ParameterizedTest @ValueSource(strings = {"chelsea", "astronaut", "coffee"})
    void roundedProductsStayNear(String name) {
        Image photo = ImageFiles.read(HOME.resolve("samples/" + name + "-degraded.jpg"));
        Run exact = Run.of(photo, NumberType.F32);
        assertThat(exact.kernels).noneMatch(k -> k.endsWith("Bf16") || k.endsWith("Int8"));
        check(name, exact, photo, NumberType.BF16, "LinearBf16", "Conv2dImplicitGemmBf16");
        check(name, exact, photo, NumberType.INT8, "LinearInt8", "Conv2dImplicitGemm");
    }

    private static void check(String name, Run exact, Image photo, NumberType precision, String... kernels) {
        Run near = Run.of(photo, precision);
        assertThat(near.kernels).contains(kernels).doesNotContain("LinearPacked");
        double psnr = new Psnr(Channels.RGB).of(near.image, exact.image);
        List<Double> cosines = new ArrayList<>();
        for (int i = 0; i < exact.predictions.size(); i++) cosines.add(cosine(exact.predictions.get(i), near.predictions.get(i)));
        System.out.printf("%s %s: cosine of predictions %s, PSNR against F32 %.1f dB; %s%n", name, precision, cosines, psnr, near.kernels);
        assertThat(cosines).isNotEmpty().allMatch(c -> c > 0.999);
        assertThat(psnr).isBetween(45.0, 90.0);
    }

    private static double cosine(float[] a, float[] b) {
        double ab = 0, aa = 0, bb = 0;
        for (int i = 0; i < a.length; i++) {
            ab += (double) a[i] * b[i];
            aa += (double) a[i] * a[i];
            bb += (double) b[i] * b[i];
        }
        return ab / Math.sqrt(aa * bb);
    }
}
