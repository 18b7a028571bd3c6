package dev.faithdiff;

import static dev.faithdiff.restore.CommonOptions.SCALE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.nn.FileWeights;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.quality.Channels;
import dev.faithdiff.quality.Psnr;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Compute.NumberType;
import dev.faithdiff.restore.Offload;
import dev.faithdiff.restore.Options;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.QuantizedLinearOp;
import java.nio.file.Path;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What {@code --precision int8-weights} costs: the default model with linear layers in 8 bits, which it is too small for by itself. */
@Tag("full")
class Int8WeightsTest {
    private static final Path HOME = Path.of(System.getProperty("faithdiff.home")), MODEL = HOME.resolve("models/faithdiff-mini");

    @Test void resultsStayNear() {
        for (String name : new String[] {"chelsea", "astronaut", "coffee"}) {
            Image photo = ImageFiles.read(HOME.resolve("samples/" + name + "-degraded.jpg"));
            int[] products = new int[1];
            Image exact = restore(photo, Weights::open);
            Image near = Engine.observed((op, in, out, kernel, nanos) -> {
                if (op instanceof QuantizedLinearOp) products[0]++;
            }, () -> restore(photo, (file, device) -> Weights.quantized(new FileWeights(file), 0)));
            double psnr = new Psnr(Channels.RGB).of(near, exact);
            System.out.printf("%s: %d products, PSNR against F16 weights %.1f dB%n", name, products[0], psnr);
            assertThat(products[0]).isPositive();
            assertThat(psnr).isBetween(50.0, 90.0);
        }
    }

    /** The bundled model is below the size from which on weights are rounded. */
    @Test void smallModelsAreTheSame() {
        Image photo = ImageFiles.read(HOME.resolve("samples/chelsea-degraded.jpg"));
        Compute narrow = new Compute(Device.CPU, NumberType.INT8_WEIGHTS, Offload.NONE);
        try (FaithDiff plain = FaithDiff.open(MODEL, Device.CPU); FaithDiff int8 = FaithDiff.open(MODEL, narrow)) {
            Options o = plain.defaults().with(SCALE, 2.0);
            assertThat(int8.defaults()).isEqualTo(plain.defaults());
            assertThat(int8.restore(photo, o)).isEqualTo(plain.restore(photo, o));
        }
    }

    private interface Opening {
        Weights of(Path file, Device device);
    }

    private static Image restore(Image photo, Opening opening) {
        Function<String, Weights> weights = file -> opening.of(MODEL.resolve(file), Device.CPU);
        try (FaithDiff faithDiff = new FaithDiff(new Model(MODEL, Device.CPU, DType.F32, null, weights))) {
            return faithDiff.restore(photo, faithDiff.defaults().with(SCALE, 2.0));
        }
    }
}
