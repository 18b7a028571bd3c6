package dev.faithdiff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.Metrics;
import dev.faithdiff.kernels.cuda.StandIn;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import java.io.IOException;
import java.nio.file.Path;

/** What {@link StandInPipelineTest} runs in a JVM of its own: the tiny model on a CUDA device that is none, and on the CPU. */
final class StandInPipeline {
    private static final Options OPTIONS = Options.defaults().withScale(1).withSteps(3).withPrompt("a photo of a cat");

    private StandInPipeline() {}

    /** @param arguments an empty folder, the model, and how weights come and go */
    public static void main(String[] arguments) throws IOException {
        Device device = StandIn.open(Path.of(arguments[0]));
        Path folder = Path.of(arguments[1]);
        Offload offload = Offload.valueOf(arguments[2]);
        Image expected = restore(folder, Device.CPU, DType.F32, Offload.NONE, 1), actual = restore(folder, device, DType.F32, offload, offload == Offload.NONE ? 1 : 2);
        double psnr = Metrics.psnr(actual, expected, Metrics.Channels.RGB);
        System.out.printf("%s F32: %.1f dB%n", offload, psnr);
        PipelineTest.assertSame(actual, expected);
        if (offload != Offload.NONE) return;
        double narrow = Metrics.psnr(restore(folder, device, DType.F16, offload, 1), expected, Metrics.Channels.RGB);
        System.out.printf("%s F16: %.1f dB%n", offload, narrow);
        assertThat(narrow).isBetween(45.0, 90.0);
    }

    /** The last of several equal restorations, all of which must give the same. */
    private static Image restore(Path folder, Device device, DType dtype, Offload offload, int times) {
        Image first = null;
        try (FaithDiff faithDiff = FaithDiff.open(folder, device, dtype, offload)) {
            for (int i = 0; i < times; i++) {
                Image restored = faithDiff.restore(PrecisionTest.photo(), OPTIONS);
                if (first != null) assertThat(restored).isEqualTo(first);
                first = restored;
            }
        }
        return first;
    }
}
