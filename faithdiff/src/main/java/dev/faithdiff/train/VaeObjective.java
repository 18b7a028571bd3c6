package dev.faithdiff.train;

import dev.faithdiff.Model;
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
 * The autoencoder of a model built from nothing: clean images must come back from their latents, and the latents must stay near the
 * standard normal distribution.
 */
public final class VaeObjective implements Objective {
    /**
     * Weights of the parts of the loss, each a mean over all its elements.
     *
     * @param edges of the absolute difference between the horizontal and vertical slopes of image and reconstruction
     * @param kl    of the divergence of the latents' distribution from the standard normal
     */
    public record Settings(double l1, double l2, double edges, double kl) {
        public static Settings defaults() { return new Settings(1, 0.5, 0.5, 2e-4); }
    }

    private final Model model;
    private final Settings settings;
    private final List<AdamW.Group> groups;

    /** @param decoderOnly true: the encoder and so the latents stay as they are */
    public VaeObjective(Model model, Settings settings, double learningRate, boolean decoderOnly) {
        this.model = model;
        this.settings = settings;
        Map<String, Tensor> trained = new LinkedHashMap<>(model.vaeParameters(decoderOnly ? "decoder." : ""));
        if (decoderOnly) trained.putAll(model.vaeParameters("post_quant_conv."));
        groups = List.of(new AdamW.Group(trained, learningRate));
    }

    @Override public List<AdamW.Group> groups() { return groups; }

    /** Draws the autoencoder's noise. */
    @Override public Tensor loss(Batch batch, Rng rng) {
        try (Scope s = Scope.open()) {
            Tensor image = batch.clean().to(model.device);
            Vae.Gaussian g = Vae.Gaussian.of(model.vae.encode(image));
            Tensor back = model.vae.decode(g.sample(NoisePrediction.noise(rng, g.mean())));
            Tensor loss = Loss.kl(g.mean(), g.logVariance()).mul((float) settings.kl);
            loss = loss.add(Loss.l1(back, image).mul((float) settings.l1)).add(Loss.l2(back, image).mul((float) settings.l2));
            return s.keep(loss.add(edges(back.sub(image)).mul((float) settings.edges)));
        }
    }

    /** Mean absolute slope of {@code [B, H, W, C]} in both directions. */
    private static Tensor edges(Tensor x) {
        int h = x.size(1), w = x.size(2);
        Tensor down = Loss.l1(x.slice(1, 1, h), x.slice(1, 0, h - 1)), right = Loss.l1(x.slice(2, 1, w), x.slice(2, 0, w - 1));
        return down.add(right).mul(0.5f);
    }
}
