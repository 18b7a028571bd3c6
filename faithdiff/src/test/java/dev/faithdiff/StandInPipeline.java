package dev.faithdiff;

import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import dev.faithdiff.kernels.cuda.StandIn;
import dev.faithdiff.kernels.lab.Tolerance;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Compute.NumberType;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Offload;
import dev.faithdiff.restore.Options;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Op;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** What {@link StandInPipelineTest} runs in a JVM of its own: the tiny model on a CUDA device that is none, and on the CPU. */
final class StandInPipeline {
    static final int TAKEN = 3;
    private static final Options OPTIONS = Options.defaults().with(SCALE, 1.0).with(STEPS, TAKEN).with(PROMPT, "a photo of a cat");

    private StandInPipeline() {}

    /** @param arguments a folder for compiled kernels, the model, the type of activations, and how weights come and go */
    public static void main(String[] arguments) throws IOException {
        Device device = StandIn.open(Path.of(arguments[0]));
        Path folder = Path.of(arguments[1]);
        DType dtype = DType.valueOf(arguments[2]);
        Image actual = restore(folder, device, dtype, Offload.valueOf(arguments[3]));
        if (dtype == DType.F32) {
            PipelineTest.assertSame(actual, restore(folder, Device.CPU, dtype, Offload.NONE));
        } else {
            assertThat(opByOp(folder, device, dtype).rgb()).as("moving weights and recorded steps change no bit").isEqualTo(actual.rgb());
        }
    }

    /**
     * The restoration with every op held against its reference on what it was given. Whole images of 16 bits cannot be compared: the model's deepest
     * maps of so small a photo have two values in a group, and normalizing two near values turns a rounding into another image.
     */
    private static Image opByOp(Path folder, Device device, DType dtype) {
        List<String> wrong = new ArrayList<>();
        int[] held = {0};
        Image image = Engine.observed((op, in, out, kernel, nanos) -> {
            if (Stream.of(in).anyMatch(t -> t.storage() == out.storage())) return; // in place, a part of the op that follows
            held[0]++;
            double part = errorOfAllowed(op, in, out, kernel);
            if (part > 1) wrong.add(kernel + " makes " + out + " with " + part + " of the error that is allowed");
        }, () -> restore(folder, device, dtype, Offload.NONE));
        System.out.println(held[0] + " ops in " + dtype + " are held against their references");
        assertThat(held[0]).isGreaterThan(1000);
        assertThat(wrong).isEmpty();
        return image;
    }

    private static double errorOfAllowed(Op op, Tensor[] in, Tensor out, String kernel) {
        try (Scope _ = Scope.open()) {
            Tensor[] host = new Tensor[in.length];
            for (int i = 0; i < in.length; i++) host[i] = in[i].to(Device.CPU);
            Tensor actual = out.to(Device.CPU), expected = Tensor.empty(Device.CPU, out.dtype(), out.shape());
            op.reference(host, expected);
            double magnitude = 0, error = 0;
            for (long i = 0; i < expected.count(); i++) {
                magnitude = Math.max(magnitude, Math.abs(expected.get(i)));
                error = Math.max(error, Math.abs((double) actual.get(i) - expected.get(i)));
            }
            return error == 0 ? 0 : error / (Tolerance.of(op, kernel, out.dtype()) * magnitude);
        }
    }

    private static Image restore(Path folder, Device device, DType dtype, Offload offload) {
        byte[] rgb = new byte[16 * 8 * 3];
        new Random(5).nextBytes(rgb);
        try (FaithDiff faithDiff = FaithDiff.open(folder, new Compute(device, NumberType.valueOf(dtype.name()), offload))) {
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
