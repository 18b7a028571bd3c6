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

/** A warm-up for the LQ encoder of a model with drawn weights: an {@link LqHead} predicts the clean latents from its features. */
public final class LqObjective implements Objective {
    private final Model model;
    private final LqHead head;
    private final List<AdamW.Group> groups;

    public LqObjective(Model model, LqHead head, double learningRate) {
        this.model = model;
        this.head = head;
        Map<String, Tensor> trained = new LinkedHashMap<>(model.parameters(UnifiedObjective.ENCODER));
        trained.putAll(head.parameters());
        groups = List.of(new AdamW.Group(trained, learningRate));
    }

    @Override public List<AdamW.Group> groups() { return groups; }

    /** The head's loss against the mean of the clean image's latents. Uses no random numbers. */
    @Override public Tensor loss(TrainingBatch batch, Rng rng) {
        try (Scope s = Scope.open()) {
            Tensor mean = Vae.Gaussian.of(model.vae.encode(batch.clean().to(model.device))).mean();
            return s.keep(head.loss(model.unet.features(batch.degraded().to(model.device)), mean.mul(model.vae.config().scaling())));
        }
    }
}
