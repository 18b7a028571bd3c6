package dev.faithdiff.train;

import dev.faithdiff.Model;
import dev.faithdiff.networks.unet.Sinusoid;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AffineOp;
import dev.faithdiff.tensor.op.Engine;
import java.util.Map;

/** Initial values of parameters for training. */
public final class FirstValues {
    static final String SIZES = "add_embedding.linear_1.";
    private static final int USUAL = 512;

    private FirstValues() {}

    /** The LQ encoder starts as the autoencoder's encoder. @throws OpError if the two have different sizes */
    public static void encoderFromAutoencoder(Model model) {
        Map<String, Tensor> from = model.vaeParameters("encoder.");
        model.parameters("denoise_encoder.").forEach((name, to) -> {
            Tensor t = from.get(name.replace("denoise_encoder.", "encoder."));
            if (t == null || !t.shape().equals(to.shape())) throw new OpError(name + " has no equal in the autoencoder's encoder");
            Engine.update(new AffineOp(1, 0), to, t);
        });
    }

    /**
     * Sets the biases of the autoencoder's residual streams to 0.7..1.3, positive or negative. GroupNorm removes the brightness of a crop
     * where all channels move alike; with such biases they do not.
     */
    public static void raisedBiases(Model model, Rng rng) {
        try (Scope _ = Scope.open()) {
            model.vaeParameters("").forEach((name, bias) -> {
                if (!name.matches("(en|de)coder\\..*(conv_in|conv_shortcut|samplers\\.0\\.conv)\\.bias")) return;
                float[] v = rng.rand(bias.size(0));
                for (int i = 0; i < v.length; i++) v[i] = v[i] < 0.5f ? v[i] * 1.2f - 1.3f : v[i] * 1.2f + 0.1f;
                Engine.update(new AffineOp(1, 0), bias, Tensor.of(v, v.length).to(bias.device()));
            });
        }
    }

    /**
     * Makes the size conditioning constant: its value for an image of {@value #USUAL} pixels a side becomes a bias, and its weights become
     * zero. For a model that is trained on crops of few sizes: other sizes would be inputs that it has never seen.
     */
    public static void silentSizes(Model model) {
        try (Scope _ = Scope.open()) {
            Tensor weight = model.parameters(SIZES).get(SIZES + "weight"), bias = model.parameters(SIZES).get(SIZES + "bias");
            int columns = weight.size(1), pooled = model.text.pooledWidth(), width = (columns - pooled) / 6;
            float[] numbers = Sinusoid.embed(new float[] {USUAL, USUAL, 0, 0, USUAL, USUAL}, width), input = new float[columns];
            System.arraycopy(numbers, 0, input, pooled, numbers.length);
            Engine.update(new AffineOp(1, 0), bias, Tensor.of(input, 1, columns).to(weight.device()).linear(weight, bias).reshape(bias.size(0)));
            float[] kept = weight.toFloats();
            for (int i = 0; i < kept.length; i++) if (i % columns >= pooled) kept[i] = 0;
            Engine.update(new AffineOp(1, 0), weight, Tensor.of(kept, bias.size(0), columns).to(weight.device()));
        }
    }

    /** Zeroes the last layers of the alignment module, so that it starts without effect (FaithDiff zero_module). */
    public static void silentAlignment(Model model) {
        for (String layer : new String[] {"condition_embedding.conv_out.", "spatial_ch_projs."}) {
            for (Tensor t : model.parameters(layer).values()) Engine.update(new AffineOp(0, 0), t, t);
        }
    }
}
