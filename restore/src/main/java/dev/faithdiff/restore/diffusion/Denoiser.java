package dev.faithdiff.restore.diffusion;

import dev.faithdiff.tensor.Tensor;

/**
 * A system's network as the {@link DiffusionLoop} sees it: it knows its condition, text and control, and answers for one tile. What changes
 * answers or leaves some out, such as a cache of steps or guidance by the degraded photo, is a denoiser that holds another one.
 */
@FunctionalInterface
public interface Denoiser {
    /**
     * The network's answer {@code [rows, h, w, C]} in F32, in the current scope: noise, or what else the schedule's
     * {@link NoiseSchedule.Prediction} says. It stays as it is when the network runs again. There are two rows where guidance is active,
     * for the negative prompt and the prompt, else one.
     *
     * @param latents  of the tile, {@code [1, h, w, C]} in F32, as the sampler scales them for the network
     * @param tile     number of the tile in the plan's grid
     * @param timestep of the training; may be a fraction
     */
    Tensor predict(Tensor latents, int tile, double timestep);
}
