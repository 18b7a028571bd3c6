package dev.faithdiff.convert.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.io.Source;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("full")
class BatchNormTest {
    private static final double EPS = 1e-5;
    private final Random random = new Random(1);
    private final Map<String, Source> tensors = new LinkedHashMap<>();

    private float[] put(String name, double least, int... shape) {
        float[] values = new float[(int) Shape.of(shape).count()];
        for (int i = 0; i < values.length; i++) values[i] = (float) (least + (least > 0 ? random.nextDouble() : random.nextGaussian()));
        MemorySegment bytes = MemorySegment.ofArray(new byte[Float.BYTES * values.length]);
        MemorySegment.copy(values, 0, bytes, DType.FLOAT, 0, values.length);
        tensors.put(name, Source.of(name, DType.F32, Shape.of(shape), () -> bytes));
        return values;
    }

    private static float[] read(Source t) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        t.writeTo(Channels.newChannel(bytes));
        float[] values = new float[(int) t.shape().count()];
        MemorySegment.copy(MemorySegment.ofArray(bytes.toByteArray()), DType.FLOAT, 0, values, 0, values.length);
        return values;
    }

    /** The convolution and the norm after it, channel by channel as PyTorch defines them, against the folded convolution alone. */
    @Test void aFoldedConvolutionGivesWhatBothGave() throws IOException {
        int outputs = 5, inputs = 3, side = 4;
        float[] w = put("body.0.weight", 0, outputs, inputs, 3, 3), weight = put("body.1.weight", 0, outputs), bias = put("body.1.bias", 0, outputs);
        float[] mean = put("body.1.running_mean", 0, outputs), variance = put("body.1.running_var", 0.1, outputs);
        put("body.1.num_batches_tracked", 0);
        put("body.10.weight", 0, 2);
        Map<String, Source> folded = BatchNorm.fold(tensors, "body.0", "body.1", EPS);
        assertThat(folded.keySet()).containsExactly("body.0.weight", "body.0.bias", "body.10.weight");
        try (Scope _ = Scope.open()) {
            float[] x = new float[side * side * inputs];
            for (int i = 0; i < x.length; i++) x[i] = (float) random.nextGaussian();
            Tensor image = Tensor.of(x, 1, side, side, inputs);
            float[] y = convolve(image, w, null, outputs),
                    z = convolve(image, read(folded.get("body.0.weight")), read(folded.get("body.0.bias")), outputs);
            for (int i = 0; i < y.length; i++) {
                int c = i % outputs;
                double expected = (y[i] - mean[c]) / Math.sqrt(variance[c] + EPS) * weight[c] + bias[c];
                assertThat((double) z[i]).isCloseTo(expected, within(2e-5));
            }
        }
    }

    @Test void aBiasInFrontAndANormWithoutParametersAreTaken() throws IOException {
        put("fc.weight", 0, 2, 7);
        float[] b = put("fc.bias", 0, 2), mean = put("bn.running_mean", 0, 2), variance = put("bn.running_var", 0.1, 2);
        Map<String, Source> folded = BatchNorm.fold(tensors, "fc", "bn", EPS);
        for (int c = 0; c < 2; c++) {
            assertThat((double) read(folded.get("fc.bias"))[c]).isCloseTo((b[c] - mean[c]) / Math.sqrt(variance[c] + EPS), within(1e-5));
        }
    }

    @Test void whatDoesNotFitIsRefused() {
        put("conv.weight", 0, 2, 3, 1, 1);
        put("bn.running_mean", 0, 2);
        assertThatThrownBy(() -> BatchNorm.fold(tensors, "conv", "bn", EPS)).isInstanceOf(ConvertError.class)
                .hasMessage("the batch norm bn has no running_var");
        put("bn.running_var", 0.1, 3);
        assertThatThrownBy(() -> BatchNorm.fold(tensors, "conv", "bn", EPS)).hasMessage("bn.running_var is [3], not [2] as the layer before it");
        assertThatThrownBy(() -> BatchNorm.fold(tensors, "none", "bn", EPS)).hasMessage("none before the batch norm bn has no weight");
    }

    /** A weight as files have it: {@code [O, I, kh, kw]}. */
    private static float[] convolve(Tensor x, float[] weight, float[] bias, int outputs) {
        Tensor w = Tensor.of(weight, outputs, x.size(3), 3, 3).permute(0, 2, 3, 1);
        return x.conv2d(w, bias == null ? null : Tensor.of(bias, outputs), 1, 1).toFloats();
    }
}
