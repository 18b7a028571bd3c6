package dev.faithdiff.restore.diffusion;

import dev.faithdiff.networks.unet.Shortcut;
import dev.faithdiff.tensor.Tensor;

/**
 * A system's network as the {@link DiffusionLoop} sees it: it knows its condition, text and control, and answers for one tile. What changes
 * answers, such as guidance by the degraded photo, is a denoiser that holds another one.
 */
@FunctionalInterface
public interface Denoiser {
    /**
     * A step of a tile.
     *
     * @param tile     its number in the plan's grid
     * @param step     its number in the plan
     * @param timestep of the training; may be a fraction
     * @param guided   whether there are two rows, for the negative prompt and the prompt; else there is the prompt's alone
     * @param shortcut what a U-Net may leave out, {@link Shortcut#NONE} without a cache; a system without U-Net ignores it
     */
    record At(int tile, int step, double timestep, boolean guided, Shortcut shortcut) {}

    /**
     * The network's answer {@code [rows, h, w, C]} in F32, in the current scope: noise, or what else the schedule's
     * {@link NoiseSchedule.Prediction} says. It stays as it is when the network runs again.
     *
     * @param latents of the tile, {@code [1, h, w, C]} in F32, as the sampler scales them for the network
     */
    Tensor predict(Tensor latents, At at);
}
