package dev.faithdiff.train;

import dev.faithdiff.Model;
import dev.faithdiff.image.Image;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AffineOp;
import dev.faithdiff.tensor.op.Engine;
import java.util.Map;

/**
 * Normalises the latents of an autoencoder that was trained from drawn weights: after the scaling factor each channel has mean 0 and standard
 * deviation 1. The map is folded into the 1x1 convolutions on both sides of the latents, so reconstructions stay the same.
 */
final class LatentScale {
    private static final int CROPS = 64;

    private LatentScale() {}

    /** Measures crops of {@code side} pixels and changes {@code quant_conv} and {@code post_quant_conv}. */
    static void fold(Model model, Samples samples, int side) {
        int channels = model.vae.config().latentChannels();
        double[] sums = new double[channels], squares = new double[channels];
        long pixels = 0;
        for (int i = 0; i < CROPS; i++) {
            try (Scope _ = Scope.open()) {
                Image crop = samples.draw(i, side).clean();
                Tensor image = crop.toTensor().to(model.device);
                float[] mean = Vae.Gaussian.of(model.vae.encode(image)).mean().toFloats();
                for (int k = 0; k < mean.length; k++) {
                    sums[k % channels] += mean[k];
                    squares[k % channels] += (double) mean[k] * mean[k];
                }
                pixels += mean.length / channels;
            }
        }
        double[] factor = new double[channels], shift = new double[channels];
        for (int c = 0; c < channels; c++) {
            double mean = sums[c] / pixels, deviation = Math.sqrt(Math.max(squares[c] / pixels - mean * mean, 1e-12));
            factor[c] = 1 / (deviation * model.vae.config().scaling());
            shift[c] = -mean * factor[c];
        }
        fold(model.vaeParameters(""), factor, shift);
    }

    /** Latents become {@code z * factor + shift}. The log variance changes accordingly, and the decoder's convolution inverts the map. */
    private static void fold(Map<String, Tensor> vae, double[] factor, double[] shift) {
        int channels = factor.length;
        float[] weight = vae.get("quant_conv.weight").toFloats(), bias = vae.get("quant_conv.bias").toFloats();   // [2C, 1, 1, 2C]
        float[] after = vae.get("post_quant_conv.weight").toFloats(), afterBias = vae.get("post_quant_conv.bias").toFloats(); // [C, 1, 1, C]
        for (int c = 0; c < channels; c++) {
            for (int k = 0; k < 2 * channels; k++) weight[2 * channels * c + k] *= (float) factor[c];
            bias[c] = (float) (bias[c] * factor[c] + shift[c]);
            bias[channels + c] += (float) (2 * Math.log(factor[c]));
            for (int o = 0; o < channels; o++) {
                afterBias[o] -= (float) (after[o * channels + c] * shift[c] / factor[c]);
                after[o * channels + c] /= (float) factor[c];
            }
        }
        set(vae.get("quant_conv.weight"), weight);
        set(vae.get("quant_conv.bias"), bias);
        set(vae.get("post_quant_conv.weight"), after);
        set(vae.get("post_quant_conv.bias"), afterBias);
    }

    private static void set(Tensor parameter, float[] values) {
        try (Scope _ = Scope.open()) {
            Engine.update(new AffineOp(1, 0), parameter, Tensor.of(values, parameter.shape().toArray()).to(parameter.device()));
        }
    }
}
