package dev.faithdiff.sample;

import dev.faithdiff.tensor.Tensor;
import java.util.function.Supplier;

/**
 * Walks noisy latents down a list of timesteps by the network's noise predictions. The sampler itself never changes; what has to be
 * remembered between steps is in a {@link Walk}. As written here latents keep the variance one.
 */
public interface Sampler {
    Levels levels();

    /** The timesteps, first to last. */
    default double[] timesteps() { return levels().timesteps(); }

    /** Standard deviation of the first latents. */
    default float initNoiseSigma() { return 1; }

    /** The latents as the network wants them at a step. */
    default Tensor scaleInput(Tensor x, int step) { return x; }

    /** Latents as they are before a step, made from clean ones. */
    default Tensor noised(Tensor data, Tensor noise, int step) {
        double sigma = levels().from()[step], alpha = Levels.alpha(sigma);
        return data.mul((float) alpha).add(noise.mul((float) (alpha * sigma)));
    }

    /** Starts at the first step; each tile takes its own walk. */
    Walk walk();

    /** One run through the steps in their order. Close it when done. */
    interface Walk extends AutoCloseable {
        /**
         * The latents after a step, computed in F32 and given in the prediction's type.
         *
         * @param eps   predicted noise
         * @param noise fresh standard normal noise of the same shape, asked for by samplers that add some
         */
        Tensor step(Tensor x, Tensor eps, int step, Supplier<Tensor> noise);

        /** Frees what was remembered. */
        @Override default void close() {}
    }
}
