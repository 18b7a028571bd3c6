package dev.faithdiff.train;

import dev.faithdiff.Model;
import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.nn.train.Loss;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.Map;

/**
 * One 3x3 convolution, {@code lq_head}, that predicts the latents of the clean image from the LQ encoder's features of the degraded one. It
 * trains the encoder of a model with drawn weights, and is not part of the model.
 */
public final class LqHead implements AutoCloseable {
    private static final float SQUARED = 0.5f;

    private final Weights weights;
    private final Conv2d conv;

    /** @param seed draws its first values */
    public LqHead(Model model, long seed) {
        weights = Weights.init(seed, model.device);
        conv = new Conv2d(weights.at("lq_head"), model.unet.config().conditionChannels(), model.vae.config().latentChannels(), 3);
    }

    public Map<String, Tensor> parameters() { return weights.parameters(""); }

    /** Latents on the scale of the diffusion: with the decoder a restoration without diffusion, to compare with. */
    public Tensor estimate(Tensor features) { return conv.forward(features); }

    /** {@code L1 + L2 / 2} of the estimate. */
    public Tensor loss(Tensor features, Tensor latents) {
        try (Scope s = Scope.open()) {
            Tensor estimate = estimate(features);
            return s.keep(Loss.l1(estimate, latents).add(Loss.l2(estimate, latents).mul(SQUARED)));
        }
    }

    @Override public void close() { weights.close(); }
}
