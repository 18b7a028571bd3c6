package dev.faithdiff.restore.diffusion;

import dev.faithdiff.restore.tiles.TileGrid;

/**
 * What a denoising does, whatever the network: its steps, its guidance, its cache and its tiles.
 *
 * @param schedule of the network's training; says what its answers mean
 * @param sampler  whose steps are taken; {@link Sampler#from} leaves out the first ones
 * @param guidance joins the answers for the negative prompt and the prompt
 * @param cache    which steps leave out a part of the network; null: none
 * @param grid     the tiles of the latents, which take each step one after the other and are then merged
 */
public record Plan(NoiseSchedule schedule, Sampler sampler, Guidance guidance, StepCache cache, TileGrid grid) {
    /** Without a cache. */
    public Plan(NoiseSchedule schedule, Sampler sampler, Guidance guidance, TileGrid grid) { this(schedule, sampler, guidance, null, grid); }

    /** The number of steps. */
    public int steps() { return sampler.levels().steps(); }

    /** The number of tiles. */
    public int tiles() { return grid.tiles().size(); }
}
