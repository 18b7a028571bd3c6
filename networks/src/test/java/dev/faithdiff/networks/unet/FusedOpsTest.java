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
import dev.faithdiff.tensor.op.NormedOp;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
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

    /** The ops with work that ran on a device; views and norms alone left out. */
    private static List<String> ops(Device device, Supplier<Tensor> work) {
        List<String> ops = new ArrayList<>();
        Engine.observed((op, in, out, kernel, nanos) -> {
            if (out.device() != device) return;
            if (op instanceof NormedOp normed) ops.add("norm, " + normed.then().name());
            else if (!op.name().contains("Norm")) ops.add(op.name());
        }, work);
        return ops;
    }

    /** So that a GPU takes them as one weight, without a copy; with the values that they have elsewhere. */
    @Test void weightsOfSelfAttentionLieTogether() {
        String name = "transformer_blocks.0.attn1.to_";
        try (Scope _ = Scope.open(); Weights there = Weights.init(1, Backend.device("second")); Weights here = Weights.init(1, Device.CPU)) {
            for (Weights w : List.of(there, here)) new SpatialTransformer(w, SIZES, 0, 1, 12);
            List<Tensor> three = Stream.of("q", "k", "v").map(which -> there.parameters("").get(name + which + ".weight")).toList();
            for (int i = 1; i < 3; i++) {
                assertThat(three.get(i).storage()).isSameAs(three.getFirst().storage());
                assertThat(three.get(i).address()).isEqualTo(three.getFirst().address() + i * three.getFirst().bytes());
            }
            there.parameters("").forEach((key, t) -> assertThat(t.toFloats()).as(key).isEqualTo(here.parameters("").get(key).toFloats()));
        }
    }

    @Test void atTwiceTheSizeTheWayUpConvolvesSmallMaps() {
        Device second = Backend.device("second");
        UNetConfig two = new UNetConfig(4, 4, new int[] {8, 8}, 1, new Time(32, 0, 0),
                new Transformers(new int[] {0, 0}, 1, new int[] {2, 2}, true, List.of(Kind.text(12))), new Norm(new int[] {4, 4}, 1e-5f));
        try (Scope _ = Scope.open(); Weights w = Weights.init(1, second)) {
            UNet unet = new UNet(w, two);
            for (int side : new int[] {6, 5}) {
                Tensor x = drawn(second, 1, side, side, 4), temb = drawn(second, 1, 32), text = drawn(second, 1, 7, 12);
                List<String> ops = ops(second, () -> unet.denoise(unet.embed(x), temb, new Context(text)));
                assertThat(ops.contains("UpsampleConv2dOp")).as("side " + side).isEqualTo(side % 2 == 0);
            }
        }
    }

    @Test void blocksSayFusedOps() {
        Device second = Backend.device("second");
        try (Scope _ = Scope.open(); Weights w = Weights.init(1, second)) {
            ResnetBlock same = new ResnetBlock(w.at("same"), 8, 8, 32, 4, 1e-5f), wider = new ResnetBlock(w.at("wider"), 8, 16, 32, 4, 1e-5f);
            SpatialTransformer transformer = new SpatialTransformer(w.at("transformer"), SIZES, 0, 1, 12);
            Tensor x = drawn(second, 1, 3, 5, 8), temb = drawn(second, 1, 32), text = drawn(second, 1, 7, 12);
            assertThat(ops(second, () -> same.forward(x, temb))).containsExactly("LinearOp", "norm, Conv2dAddOp", "norm, Conv2dAddOp");
            assertThat(ops(second, () -> wider.forward(x, temb))).containsExactly("LinearOp", "norm, Conv2dAddOp", "Conv2dOp", "norm, Conv2dAddOp");
            assertThat(ops(second, () -> transformer.forward(x, new Context(text))))
                    .containsExactly("LinearOp", "norm, SelfAttentionOp", "LinearAddOp", "LinearOp", "LinearOp", "norm, LinearOp", "AttentionOp",
                    "LinearAddOp", "norm, LinearGegluOp", "LinearAddOp", "LinearAddOp");
            try (Tape _ = Tape.watch(x)) {
                assertThat(ops(second, () -> same.forward(x, temb))).as("with a tape")
                        .containsExactly("LinearOp", "Conv2dOp", "BinaryOp", "Conv2dOp", "BinaryOp");
            }
        }
    }
}
