package dev.faithdiff.restore.diffusion;

import dev.faithdiff.tensor.Tensor;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Takes noisy latents through falling noise levels to clean ones, by the clean data that a network predicts in each step. A sampler never
 * changes: what has to be remembered from step to step is in a {@link State}. The methods that are written out here are for latents that keep
 * the variance one.
 */
public interface Sampler {
    /** Timestep and noise levels of each step. */
    Levels levels();

    /** The timestep of each step. */
    default double[] timesteps() { return levels().timesteps(); }

    /** Standard deviation of the noise that first latents are made of. */
    default float initNoiseSigma() { return 1; }

    /** The latents before a step, scaled as the network wants them. */
    default Tensor scaleInput(Tensor x, int step) { return x; }

    /** Clean latents with as much noise as there is before a step. */
    default Tensor noised(Tensor data, Tensor noise, int step) {
        double sigma = levels().from()[step];
        return data.mul((float) Levels.alpha(sigma)).add(noise.mul((float) Levels.spread(sigma)));
    }

    /** A sampler of this one's steps from one on, for latents that were {@link #noised} for that step. */
    Sampler from(int step);

    /** {@link #from} the first step whose timestep is at most {@code strength} times the highest, or the last step. @param strength 0..1 */
    default Sampler within(double strength) {
        double[] t = timesteps();
        int first = 0;
        while (first < t.length - 1 && t[first] > strength * t[0]) first++;
        return from(first);
    }

    /** A new state, before the first step. Each tile has its own. */
    State begin();

    /** What a sampler remembers of one run through its steps, in their order. Close it when done. */
    interface State extends AutoCloseable {
        /**
         * The latents after a step, computed in F32 and given in the prediction's type.
         *
         * @param x     the latents before the step
         * @param data  the clean latents that the network predicts, see {@link NoiseSchedule#data}
         * @param noise draws standard normal noise of the same shape, for samplers that add some
         */
        Tensor step(Tensor x, Tensor data, int step, Supplier<Tensor> noise);

        /** The tensors that are remembered, by name. They stay this state's own. */
        default Map<String, Tensor> memory() { return Map.of(); }

        /** Takes over the {@link #memory} of an earlier state, to go on as that would. */
        default void recall(Map<String, Tensor> memory) {}

        /** Frees what is remembered. */
        @Override default void close() {}
    }
}
