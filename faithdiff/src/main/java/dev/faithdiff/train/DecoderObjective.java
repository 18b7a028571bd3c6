package dev.faithdiff.train;

import dev.faithdiff.Model;
import dev.faithdiff.nn.train.AdamW;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Trains the autoencoder's decoder alone. It reconstructs the clean image from that image's latents or, for a share of the batches, from
 * the latents that the model restores from the degraded image, so that it learns to correct what the denoising misses.
 */
public final class DecoderObjective implements Objective {
    private static final int STEPS = 8; // of the denoising: with so few it is still like its full length

    private final Model model;
    private final VaeObjective.Settings settings;
    private final NoisePrediction denoising;
    private final double restored;
    private final List<AdamW.Group> groups;

    /** @param restored share of batches that are decoded from restored latents */
    public DecoderObjective(Model model, VaeObjective.Settings settings, NoisePrediction.Settings denoising, double learningRate, double restored) {
        this.model = model;
        this.settings = settings;
        this.denoising = new NoisePrediction(model, denoising);
        this.restored = restored;
        Map<String, Tensor> trained = new LinkedHashMap<>(model.vaeParameters("decoder."));
        trained.putAll(model.vaeParameters("post_quant_conv."));
        groups = List.of(new AdamW.Group(trained, learningRate));
    }

    @Override public List<AdamW.Group> groups() { return groups; }

    /** Draws which latents the batch uses, then the random numbers for them. */
    @Override public Tensor loss(TrainingBatch batch, Rng rng) {
        try (Scope s = Scope.open()) {
            Tensor image = batch.clean().to(model.device);
            boolean restores = rng.rand(1)[0] < restored;
            Tensor z = restores ? denoising.restored(batch, STEPS, rng) : NoisePrediction.latents(model, image, rng);
            return s.keep(settings.difference(model.vae.decode(z.mul(1 / model.vae.config().scaling())), image));
        }
    }
}
