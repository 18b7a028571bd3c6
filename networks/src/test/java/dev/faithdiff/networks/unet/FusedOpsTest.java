package dev.faithdiff.networks.unet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.networks.unet.UNetConfig.Kind;
import dev.faithdiff.networks.unet.UNetConfig.Norm;
import dev.faithdiff.networks.unet.UNetConfig.Time;
import dev.faithdiff.networks.unet.UNetConfig.Transformers;
import dev.faithdiff.nn.ResnetBlock;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Backend;
import dev.faithdiff.tensor.op.Engine;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Which ops a device with kernels of fused ops sees of the U-Net's blocks. */
class FusedOpsTest {
    private static final UNetConfig SIZES = new UNetConfig(4, 4, new int[] {8}, 1, new Time(32, 0, 0),
            new Transformers(new int[] {1}, 1, new int[] {2}, true, List.of(Kind.text(12))), new Norm(new int[] {4}, 1e-5f));

    private static Tensor drawn(Device device, int... sizes) {
        int count = 1;
        for (int size : sizes) count *= size;
        return Tensor.of(Rng.cpu(count).randn(count), sizes).to(device);
    }

    /** The ops with work that ran on a device; views and normalization left out. */
    private static List<String> ops(Device device, Supplier<Tensor> work) {
        List<String> ops = new ArrayList<>();
        Engine.observed((op, in, out, kernel, nanos) -> {
            if (out.device() == device && !op.name().contains("Norm")) ops.add(op.name());
        }, work);
        return ops;
    }

    @Test void blocksSayFusedOps() {
        Device second = Backend.device("second");
        try (Scope _ = Scope.open(); Weights w = Weights.init(1, second)) {
            ResnetBlock same = new ResnetBlock(w.at("same"), 8, 8, 32, 4, 1e-5f), wider = new ResnetBlock(w.at("wider"), 8, 16, 32, 4, 1e-5f);
            SpatialTransformer transformer = new SpatialTransformer(w.at("transformer"), SIZES, 0, 1, 12);
            Tensor x = drawn(second, 1, 3, 5, 8), temb = drawn(second, 1, 32), text = drawn(second, 1, 7, 12);
            assertThat(ops(second, () -> same.forward(x, temb))).containsExactly("LinearOp", "Conv2dAddOp", "Conv2dAddOp");
            assertThat(ops(second, () -> wider.forward(x, temb))).containsExactly("LinearOp", "Conv2dAddOp", "Conv2dOp", "Conv2dAddOp");
            assertThat(ops(second, () -> transformer.forward(x, new Context(text)))).containsExactly("LinearOp", "SelfAttentionOp", "LinearAddOp",
                    "LinearOp", "LinearOp", "LinearOp", "AttentionOp", "LinearAddOp", "LinearGegluOp", "LinearAddOp", "LinearAddOp");
            try (Tape _ = Tape.watch(x)) {
                assertThat(ops(second, () -> same.forward(x, temb))).as("with a tape")
                        .containsExactly("LinearOp", "Conv2dOp", "BinaryOp", "Conv2dOp", "BinaryOp");
            }
        }
    }
}
