package dev.faithdiff.train;

import dev.faithdiff.Model;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.nn.train.AdamW;
import dev.faithdiff.nn.train.Loss;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.List;

/**
 * Trains the autoencoder of a model with drawn weights to reconstruct clean images, with the distribution of latents near the standard
 * normal one.
 */
public final class VaeObjective implements Objective {
    /**
     * Weights of the parts of the loss, each a mean over all its elements.
     *
     * @param edges of the absolute difference between the horizontal and vertical slopes of image and reconstruction
     * @param ssim  of 1 minus the structural similarity (SSIM) of the luma
     * @param kl    of the divergence of the latents' distribution from the standard normal
     */
    public record Settings(double l1, double l2, double edges, double ssim, double kl) {
        public static Settings defaults() { return new Settings(1, 0.5, 0.5, 0, 2e-4); }

        /** The loss of a reconstruction. */
        Tensor difference(Tensor image, Tensor target) {
            Tensor loss = Loss.l1(image, target).mul((float) l1).add(Loss.l2(image, target).mul((float) l2));
            loss = loss.add(slopes(image.sub(target)).mul((float) edges));
            return ssim == 0 ? loss : loss.add(Loss.ssim(image, target).affine((float) -ssim, (float) ssim));
        }
    }

    private final Model model;
    private final Settings settings;
    private final List<AdamW.Group> groups;

    public VaeObjective(Model model, Settings settings, double learningRate) {
        this.model = model;
        this.settings = settings;
        groups = List.of(new AdamW.Group(model.vaeParameters(""), learningRate));
    }

    @Override public List<AdamW.Group> groups() { return groups; }

    /** Draws the autoencoder's noise. */
    @Override public Tensor loss(TrainingBatch batch, Rng rng) {
        try (Scope s = Scope.open()) {
            Tensor image = batch.clean().to(model.device);
            Vae.Gaussian g = Vae.Gaussian.of(model.vae.encode(image));
            Tensor back = model.vae.decode(g.sample(NoisePrediction.noise(rng, g.mean())));
            Tensor divergence = Loss.kl(g.mean(), g.logVariance()).mul((float) settings.kl);
            return s.keep(settings.difference(back, image).add(divergence));
        }
    }

    /** Mean absolute difference of neighbours of {@code [B, H, W, C]} in both directions. */
    private static Tensor slopes(Tensor x) {
        int h = x.size(1), w = x.size(2);
        Tensor down = Loss.l1(x.slice(1, 1, h), x.slice(1, 0, h - 1)), right = Loss.l1(x.slice(2, 1, w), x.slice(2, 0, w - 1));
        return down.add(right).mul(0.5f);
    }
}
