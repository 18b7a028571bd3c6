package dev.faithdiff.nn.train;

import dev.faithdiff.tensor.Tensor;

/** Losses: means over all elements, each a scalar that a tape can take gradients of. */
public final class Loss {
    private Loss() {}

    /** {@code mean |prediction - target|}. */
    public static Tensor l1(Tensor prediction, Tensor target) { return prediction.sub(target).abs().mean(); }

    /** {@code mean (prediction - target)^2}. */
    public static Tensor l2(Tensor prediction, Tensor target) {
        Tensor difference = prediction.sub(target);
        return difference.mul(difference).mean();
    }

    /**
     * Divergence of normal distributions from the standard normal for each latent value,
     * {@code mean (mean^2 + variance - 1 - log variance) / 2} (Kingma and Welling 2014, appendix B).
     */
    public static Tensor kl(Tensor mean, Tensor logVariance) {
        return mean.mul(mean).add(logVariance.exp()).sub(logVariance).affine(0.5f, -0.5f).mean();
    }
}
