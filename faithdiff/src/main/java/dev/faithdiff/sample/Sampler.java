package dev.faithdiff.sample;

import dev.faithdiff.tensor.Tensor;
import java.util.function.Supplier;

/** Walks noisy latents down a list of timesteps by the network's noise predictions. */
public interface Sampler {
    /** The timesteps, first to last. */
    double[] timesteps();

    /** Standard deviation of the first latents. */
    float initNoiseSigma();

    /** The latents as the network wants them at a step. */
    Tensor scaleInput(Tensor x, int step);

    /**
     * The latents after a step.
     *
     * @param eps   predicted noise
     * @param noise fresh standard normal noise of the same shape, asked for by samplers that add some
     */
    Tensor step(Tensor x, Tensor eps, int step, Supplier<Tensor> noise);
}
