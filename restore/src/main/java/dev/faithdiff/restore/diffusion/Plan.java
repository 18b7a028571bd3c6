package dev.faithdiff.restore.diffusion;

import dev.faithdiff.restore.tiles.TileGrid;

/**
 * What a denoising does, whatever the network: its steps, its guidance, its cache and its tiles.
 *
 * @param schedule of the network's training; says what its answers mean
 * @param sampler  whose steps are taken; {@link Sampler#from} leaves out the first ones
 * @param guidance joins the answers for the negative prompt and the prompt
 * @param cache    which steps leave out a part of the network; null: none
 * @param grid     the tiles of the latents
 * @param joined   whether the answers of all tiles are merged, and then the whole takes the step (DiffBIR, StableSR, SeeSR, PASD); else each tile
 *                 takes it, and what comes of them is merged (FaithDiff)
 */
public record Plan(NoiseSchedule schedule, Sampler sampler, Guidance guidance, StepCache cache, TileGrid grid, boolean joined) {
    /** With tiles that take each step by themselves. */
    public Plan(NoiseSchedule schedule, Sampler sampler, Guidance guidance, StepCache cache, TileGrid grid) {
        this(schedule, sampler, guidance, cache, grid, false);
    }

    /** Without a cache. */
    public Plan(NoiseSchedule schedule, Sampler sampler, Guidance guidance, TileGrid grid) { this(schedule, sampler, guidance, null, grid); }

    /** The number of steps. */
    public int steps() { return sampler.levels().steps(); }

    /** The number of tiles. */
    public int tiles() { return grid.tiles().size(); }

    /** How many latents take steps: the tiles', or the whole's. */
    int walks() { return joined ? 1 : tiles(); }
}
