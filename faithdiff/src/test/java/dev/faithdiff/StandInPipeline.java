package dev.faithdiff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.Metrics;
import dev.faithdiff.kernels.cuda.StandIn;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import java.util.function.Supplier;

/** What {@link StandInPipelineTest} runs in a JVM of its own: the tiny model on a CUDA device that is none, and on the CPU. */
final class StandInPipeline {
    static final int STEPS = 4;
    private static final Options OPTIONS = Options.defaults().withScale(1).withSteps(STEPS).withPrompt("a photo of a cat");

    private StandInPipeline() {}

    /** @param arguments a folder for compiled kernels, the model, the type of activations, and how weights come and go */
    public static void main(String[] arguments) throws IOException {
        Device device = StandIn.open(Path.of(arguments[0]));
        Path folder = Path.of(arguments[1]);
        DType dtype = DType.valueOf(arguments[2]);
        Image expected = restore(folder, Device.CPU, DType.F32, Offload.NONE), actual = restore(folder, device, dtype, Offload.valueOf(arguments[3]));
        double psnr = Metrics.psnr(actual, expected, Metrics.Channels.RGB);
        System.out.printf("%s %s: %.1f dB%n", dtype, arguments[3], psnr);
        if (dtype == DType.F32) PipelineTest.assertSame(actual, expected);
        else assertThat(psnr).as("as near as the CPU's own " + dtype).isGreaterThan(ofTheCpu(folder, dtype, expected) - 6);
    }

    private static double ofTheCpu(Path folder, DType dtype, Image expected) {
        double psnr = Metrics.psnr(restore(folder, Device.CPU, dtype, Offload.NONE), expected, Metrics.Channels.RGB);
        System.out.printf("%s on the CPU: %.1f dB%n", dtype, psnr);
        return psnr;
    }

    private static Image restore(Path folder, Device device, DType dtype, Offload offload) {
        byte[] rgb = new byte[16 * 8 * 3];
        new Random(5).nextBytes(rgb);
        try (FaithDiff faithDiff = FaithDiff.open(folder, device, dtype, offload)) {
            return faithDiff.restore(Image.of(16, 8, rgb), OPTIONS, new Preview());
        }
    }

    /** Looks once, after the first step: where networks take turns, the decoder drives the U-Net out. */
    private static final class Preview implements Listener {
        @Override public void at(String stage, int step, int steps) {}

        @Override public void preview(int step, int steps, Supplier<Image> image) {
            if (step == 1) assertThat(image.get().width()).isEqualTo(16);
        }
    }
}
