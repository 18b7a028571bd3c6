package dev.faithdiff.restore.diffusion;

import dev.faithdiff.tensor.Tensor;
import java.util.Map;
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

    /** This sampler's steps from one on, for latents that were {@link #noised} as far as that step begins. */
    Sampler from(int step);

    /** The clean latents that a prediction means; {@code x} as they are before the step. */
    default Tensor data(Tensor x, Tensor eps, int step) {
        double sigma = levels().from()[step];
        return x.mul((float) (1 / Levels.alpha(sigma))).sub(eps.mul((float) sigma));
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

        /** What is remembered between steps, by name; still the walk's own. */
        default Map<String, Tensor> memory() { return Map.of(); }

        /** Goes on as the walk that gave {@code memory}, whose tensors are taken over. */
        default void recall(Map<String, Tensor> memory) {}

        /** Frees what was remembered. */
        @Override default void close() {}
    }
}
