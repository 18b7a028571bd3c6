package dev.faithdiff.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.io.SafeTensors;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightsTest {
    @TempDir Path dir;

    /** A convolution and a linear layer under one name each. */
    private record Net(Conv2d conv, Linear linear) {
        static Net of(Weights w) { return new Net(new Conv2d(w.at("conv"), 2, 3, 3), new Linear(w.at("list", 0), 3, 4)); }

        float[] run() {
            try (Scope _ = Scope.open()) {
                float[] x = new float[5 * 4 * 2];
                for (int i = 0; i < x.length; i++) x[i] = (float) Math.sin(i);
                return linear.forward(conv.forward(Tensor.of(x, 1, 5, 4, 2))).toFloats();
            }
        }
    }

    @Test void whatIsDrawnIsSavedInThePublishedLayoutAndReadBack() {
        Path file = dir.resolve("net.safetensors");
        float[] expected;
        try (Weights drawn = Weights.init(7, Device.CPU)) {
            expected = Net.of(drawn).run();
            drawn.save(file);
        }
        try (SafeTensors saved = SafeTensors.open(file)) {
            assertThat(saved.entries().get("conv.weight").shape()).isEqualTo(Shape.of(3, 2, 3, 3));
        }
        try (Weights read = Weights.open(file, Device.CPU)) {
            Net net = Net.of(read);
            read.done();
            assertThat(net.run()).isEqualTo(expected);
            assertThat(read.parameters("conv.")).containsOnlyKeys("conv.weight", "conv.bias");
        }
        try (Weights narrow = Weights.open(file, Device.CPU, DType.F16)) {
            Net.of(narrow);
            assertThat(narrow.parameters("").values()).extracting(Tensor::dtype).containsOnly(DType.F16);
        }
    }

    @Test void theSameSeedDrawsTheSame() {
        try (Weights a = Weights.init(1, Device.CPU); Weights b = Weights.init(1, Device.CPU); Weights c = Weights.init(2, Device.CPU)) {
            float[] first = Net.of(a).run();
            assertThat(Net.of(b).run()).isEqualTo(first);
            assertThat(Net.of(c).run()).isNotEqualTo(first);
        }
    }

    @Test void allProblemsAreNamedAtOnce() {
        Weights w = Weights.shapes("some.file", Map.of("conv.weight", Shape.of(3, 5, 3, 3), "conv.bias", Shape.of(3),
                "list.0.weight", Shape.of(4, 3), "surplus", Shape.of(1)));
        Net.of(w);
        assertThatThrownBy(w::done).isInstanceOf(WeightsError.class).hasMessage("some.file: 3 tensors do not fit the model: "
                + "conv.weight is [3, 5, 3, 3] but the model takes [3, 2, 3, 3]; list.0.bias [4] is missing; surplus [1] is not part of the model");
    }

    @Test void aRecordingNotesWhatAModelAsksForAsFilesHoldIt() {
        try (Weights w = Weights.recording()) {
            Net.of(w);
            assertThat(w.done().published()).containsExactly(entry("conv.weight", Shape.of(3, 2, 3, 3)), entry("conv.bias", Shape.of(3)),
                    entry("list.0.weight", Shape.of(4, 3)), entry("list.0.bias", Shape.of(4)));
            assertThat(w.parameters("").values()).extracting(t -> t.storage().live()).containsOnly(false);
        }
    }

    @Test void aModelOfTooManyTensorsIsRefused() {
        try (Weights w = Weights.recording()) {
            for (int i = 0; i < 100_000; i++) w.get("tensor" + i, Init.ONE, 1);
            assertThatThrownBy(() -> w.get("last", Init.ONE, 1)).isInstanceOf(WeightsError.class)
                    .hasMessage("recorded weights: the model asks for more than 100000 tensors");
        }
    }

    @Test void trainingHasMemoryOfItsOwn() {
        Path file = dir.resolve("net.safetensors");
        try (Weights drawn = Weights.init(7, Device.CPU)) {
            Net.of(drawn);
            drawn.save(file);
        }
        try (Weights mapped = Weights.open(file, Device.CPU); Weights own = Weights.trainable(file, Device.CPU)) {
            Net.of(mapped);
            Net.of(own);
            assertThat(mapped.parameters("list").values()).extracting(t -> t.storage().segment().isReadOnly()).containsOnly(true);
            own.parameters("").forEach((key, t) -> {
                assertThat(t.storage().segment().isReadOnly()).as(key).isFalse();
                assertThat(t.toFloats()).as(key).isEqualTo(mapped.parameters("").get(key).toFloats());
            });
        }
    }

    @Test void weightsMayBeClosedTwice() {
        Path file = dir.resolve("net.safetensors");
        try (Weights drawn = Weights.init(7, Device.CPU)) {
            Net.of(drawn);
            drawn.save(file);
        }
        try (Weights w = Weights.open(file, Device.CPU)) {
            assertThatThrownBy(w::done).isInstanceOf(WeightsError.class).hasMessageContaining("list.0.bias [4] is not part of the model");
        }
    }

    @Test void eightBitsDoNotBecomeSixteen() {
        Path file = dir.resolve("net.safetensors");
        try (Weights drawn = Weights.init(7, Device.CPU)) {
            Net.of(drawn);
            drawn.save(file, DType.F8_E4M3, Map.of());
        }
        for (DType asked : new DType[] {null, DType.F16, DType.BF16, DType.F32}) {
            try (Weights w = Weights.open(file, Device.CPU, asked)) {
                Net.of(w);
                DType kept = asked == DType.F32 ? DType.F32 : DType.F8_E4M3;
                assertThat(w.parameters("").values()).extracting(Tensor::dtype).containsOnly(kept);
            }
        }
    }

    @Test void aClosedWeightSaysItsName() {
        Tensor weight;
        try (Weights w = Weights.init(3, Device.CPU)) {
            weight = w.at("layer").get("weight", Init.ONE, 2, 2);
        }
        try (Scope _ = Scope.open()) {
            assertThatThrownBy(() -> Tensor.of(new float[2], 1, 2).linear(weight, null)).isInstanceOf(OpError.class)
                    .hasMessageContaining("layer.weight F32[2, 2] is used after");
        }
    }
}
