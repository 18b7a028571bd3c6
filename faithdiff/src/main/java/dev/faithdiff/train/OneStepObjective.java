package dev.faithdiff.train;

import dev.faithdiff.Model;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.nn.train.AdamW;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Trains all networks of a one-step model together. The U-Net predicts the latents of the clean crop from those of the degraded one. The
 * loss compares the clean crop with the degraded crop plus the change of the decoded image, so the autoencoder's own error cancels.
 */
public final class OneStepObjective implements Objective {
    private final Model model;
    private final Stage stage;
    private final NoisePrediction denoising;
    private final List<AdamW.Group> groups;

    /** @param stage its learning rate is of U-Net, alignment and decoder, its encoder's of the LQ encoder and the autoencoder's encoder */
    public OneStepObjective(Model model, Stage stage) {
        this.model = model;
        this.stage = stage;
        denoising = new NoisePrediction(model, stage.denoising());
        Map<String, Tensor> fast = new LinkedHashMap<>(), slow = new LinkedHashMap<>();
        model.parameters("").forEach((name, t) -> (name.startsWith(UnifiedObjective.ENCODER) ? slow : fast).put(name, t));
        model.vaeParameters("").forEach((name, t) -> {
            boolean encodes = name.startsWith("encoder.") || name.startsWith("quant_conv.");
            (encodes ? slow : fast).put("vae." + name, t);
        });
        if (!stage.sizes()) fast.remove(FirstValues.SIZES + "weight");
        groups = List.of(new AdamW.Group(fast, stage.learningRate()), new AdamW.Group(slow, stage.encoderLearningRate()));
    }

    @Override public List<AdamW.Group> groups() { return groups; }

    /** Uses no random numbers. */
    @Override public Tensor loss(TrainingBatch batch, Rng rng) {
        try (Scope s = Scope.open()) {
            Tensor clean = batch.clean().to(model.device), degraded = batch.degraded().to(model.device);
            float scaling = model.vae.config().scaling();
            Tensor before = Vae.Gaussian.of(model.vae.encode(degraded)).mean().mul(scaling);
            Tensor after = denoising.inOneStep(before, batch, model.unet.features(degraded), stage.timestep());
            Tensor images = model.vae.decode(before.concat(0, after).mul(1 / scaling));
            int b = batch.size();
            Tensor same = images.slice(0, 0, b), restored = degraded.add(images.slice(0, b, 2 * b).sub(same));
            Tensor loss = stage.vaeLoss().difference(restored, clean);
            return s.keep(loss.add(stage.vaeLoss().difference(same, degraded).mul((float) stage.anchor())));
        }
    }
}
