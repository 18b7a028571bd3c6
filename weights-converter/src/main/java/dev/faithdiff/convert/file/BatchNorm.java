package dev.faithdiff.convert.file;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A trained batch norm, which is {@code x * scale + shift} for each channel: scale = weight / sqrt(running_var + eps), shift = bias - running_mean *
 * scale. The convolution before it can take over both, so that networks need no batch norm.
 *
 * @param name of the module
 */
public record BatchNorm(Map<String, Source> tensors, String name, double eps) {
    /**
     * A state dict in which a convolution (or linear layer) has taken over the batch norm after it: its weight and bias are F32, the norm's
     * tensors are gone.
     *
     * @throws ConvertError if a tensor is missing or of another size
     */
    public static Map<String, Source> fold(Map<String, Source> tensors, String convolution, String norm, double eps) {
        BatchNorm bn = new BatchNorm(tensors, norm, eps);
        Source weight = tensors.get(convolution + ".weight"), bias = tensors.get(convolution + ".bias");
        if (weight == null || weight.shape().rank() < 2) {
            throw new ConvertError(convolution + " before the batch norm " + norm + " has no weight");
        }
        Shape channels = Shape.of(weight.shape().size(0));
        bn.require("running_mean", channels);
        bn.require("running_var", channels);
        for (String t : new String[] {"weight", "bias"}) if (tensors.containsKey(norm + "." + t)) bn.require(t, channels);
        Map<String, Source> folded = new LinkedHashMap<>();
        tensors.forEach((key, t) -> {
            if (key.startsWith(norm + ".")) return;
            if (t == weight) {
                folded.put(key, new Folded(key, t.shape(), () -> bn.weight(weight)));
                folded.put(convolution + ".bias", new Folded(convolution + ".bias", channels, () -> bn.bias(bias)));
            } else if (t != bias) folded.put(key, t);
        });
        return folded;
    }

    private void require(String tensor, Shape shape) {
        Source t = tensors.get(name + "." + tensor);
        if (t == null) throw new ConvertError("the batch norm " + name + " has no " + tensor);
        if (!t.shape().equals(shape)) throw new ConvertError(t.name() + " is " + t.shape() + ", not " + shape + " as the layer before it");
    }

    /** A parameter's values, or {@code absent} for each channel where there is no such parameter. */
    private float[] values(String tensor, int channels, float absent) throws IOException {
        Source t = tensors.get(name + "." + tensor);
        if (t != null) return floats(t);
        float[] all = new float[channels];
        Arrays.fill(all, absent);
        return all;
    }

    private double[] scale(int channels) throws IOException {
        float[] weight = values("weight", channels, 1), variance = values("running_var", channels, 1);
        double[] scale = new double[channels];
        for (int c = 0; c < channels; c++) scale[c] = weight[c] / Math.sqrt(variance[c] + eps);
        return scale;
    }

    private float[] weight(Source convolution) throws IOException {
        float[] w = floats(convolution);
        int channels = convolution.shape().size(0), each = w.length / channels;
        double[] scale = scale(channels);
        for (int i = 0; i < w.length; i++) w[i] = (float) (w[i] * scale[i / each]);
        return w;
    }

    private float[] bias(Source convolution) throws IOException {
        float[] mean = values("running_mean", 0, 0), shift = values("bias", mean.length, 0);
        float[] b = convolution == null ? new float[mean.length] : floats(convolution);
        double[] scale = scale(mean.length);
        for (int c = 0; c < b.length; c++) b[c] = (float) ((b[c] - (double) mean[c]) * scale[c] + shift[c]);
        return b;
    }

    private static float[] floats(Source t) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Cast.to(DType.F32, t).writeTo(Channels.newChannel(bytes));
        float[] values = new float[Math.toIntExact(t.shape().count())];
        Floats.read(DType.F32, MemorySegment.ofArray(bytes.toByteArray()), 0, values, values.length);
        return values;
    }

    /** A tensor whose values are computed when it is written. */
    private record Folded(String name, Shape shape, Values values) implements Source {
        private interface Values {
            float[] make() throws IOException;
        }

        @Override public DType dtype() { return DType.F32; }

        @Override public void writeTo(WritableByteChannel out) throws IOException {
            float[] values = this.values.make();
            MemorySegment bytes = MemorySegment.ofArray(new byte[4 * values.length]);
            Floats.write(DType.F32, values, values.length, bytes);
            Source.copy(bytes, out);
        }
    }
}
