package dev.faithdiff.train;

import dev.faithdiff.Model;
import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.nn.train.AdamW;
import dev.faithdiff.nn.train.Loss;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.vae.Vae;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A warm-up for the LQ encoder of a model built from nothing: from its features of the degraded image, one 3x3 convolution must tell the
 * latents of the clean one. The convolution, {@code lq_head}, is no part of the model and is left behind.
 */
public final class LqObjective implements Objective {
    private static final float SQUARED = 0.5f;

    private final Model model;
    private final Weights headWeights;
    private final Conv2d head;
    private final List<AdamW.Group> groups;

    /** @param seed draws the head */
    public LqObjective(Model model, double learningRate, long seed) {
        this.model = model;
        headWeights = Weights.init(seed, model.device);
        head = new Conv2d(headWeights.at("lq_head"), model.unet.config().conditionChannels(), model.vae.config().latentChannels(), 3);
        Map<String, Tensor> trained = new LinkedHashMap<>(model.parameters("denoise_encoder."));
        trained.putAll(headWeights.parameters(""));
        groups = List.of(new AdamW.Group(trained, learningRate));
    }

    @Override public List<AdamW.Group> groups() { return groups; }

    /** The latents that the head tells, on the scale of the diffusion: a restoration without diffusion, to compare with. */
    public Tensor estimate(Tensor degraded) {
        try (Scope s = Scope.open()) {
            return s.keep(head.forward(model.unet.features(degraded.to(model.device))));
        }
    }

    /** {@code L1 + L2 / 2} against the mean of the clean image's latents; draws nothing. */
    @Override public Tensor loss(Batch batch, Rng rng) {
        try (Scope s = Scope.open()) {
            Tensor target = Vae.Gaussian.of(model.vae.encode(batch.clean().to(model.device))).mean().mul(model.vae.config().scaling());
            Tensor estimate = estimate(batch.degraded());
            return s.keep(Loss.l1(estimate, target).add(Loss.l2(estimate, target).mul(SQUARED)));
        }
    }

    @Override public void close() { headWeights.close(); }
}
