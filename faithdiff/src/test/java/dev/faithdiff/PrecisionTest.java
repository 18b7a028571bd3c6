package dev.faithdiff;

import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import dev.faithdiff.nn.FileWeights;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.quality.Channels;
import dev.faithdiff.quality.Psnr;
import dev.faithdiff.restore.Options;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.GroupNormOp;
import dev.faithdiff.tensor.op.LayerNormOp;
import dev.faithdiff.tensor.op.LinearOp;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Narrow activations through the whole pipeline, on the CPU's references: networks compute in the type that is asked for, the sampler in F32. */
@Tag("full")
class PrecisionTest {
    private static final Set<Class<?>> NETWORK = Set.of(LinearOp.class, Conv2dOp.class, AttentionOp.class, GroupNormOp.class, LayerNormOp.class);
    private static final Options OPTIONS = Options.defaults().with(SCALE, 2.0).with(STEPS, 3).with(PROMPT, "a photo of a cat");

    /** 32 x 24 pixels of noise. */
    static Image photo() {
        byte[] rgb = new byte[16 * 12 * 3];
        new Random(5).nextBytes(rgb);
        return Image.of(16, 12, rgb);
    }

    /** The restored photo, and whether all layers of the networks gave this type. */
    private static Image restore(DType dtype) {
        EnumSet<DType> seen = EnumSet.noneOf(DType.class);
        Path folder = TinyModel.folder();
        DType narrow = dtype == DType.F32 ? null : dtype;
        Function<String, Weights> weights = file -> Weights.of(new FileWeights(folder.resolve(file)), Device.CPU, narrow, null);
        try (FaithDiff faithDiff = new FaithDiff(new Model(folder, Device.CPU, dtype, null, weights))) {
            Image restored = Engine.observed((op, in, out, kernel, nanos) -> {
                if (NETWORK.contains(op.getClass())) seen.add(out.dtype());
            }, () -> faithDiff.restore(photo(), OPTIONS));
            assertThat(seen).containsExactly(dtype);
            return restored;
        }
    }

    @Test void narrowTypesStayNearF32() {
        Image exact = restore(DType.F32);
        double f16 = new Psnr(Channels.RGB).of(restore(DType.F16), exact), bf16 = new Psnr(Channels.RGB).of(restore(DType.BF16), exact);
        System.out.printf("PSNR against F32: F16 %.1f dB, BF16 %.1f dB%n", f16, bf16);
        assertThat(f16).isBetween(45.0, 90.0);
        assertThat(bf16).isBetween(27.0, f16);
    }
}
