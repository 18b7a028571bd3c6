package dev.faithdiff;

import dev.faithdiff.networks.clip.PromptEncoder.Prompt;
import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Replay;
import dev.faithdiff.tensor.Tensor;
import java.util.List;
import java.util.function.IntFunction;

/** FaithDiff's U-Net with its text, its size conditioning and the condition of each tile. Its tensors belong to the scope it is made in. */
final class FaithDiffDenoiser implements Denoiser, AutoCloseable {
    /**
     * What SDXL's size conditioning tells the U-Net, in pixels.
     *
     * @param height       of the padded result
     * @param targetHeight of the image that is to be made
     */
    record Sizes(int height, int width, int targetHeight, int targetWidth) {
        /** The six numbers {@code [rows, 6]}: size, the tile's place (in latents, as published) and target size. */
        private Tensor conditioning(int rows, TileGrid.Tile tile) {
            float[] ids = new float[6 * rows], row = {height, width, tile.row(), tile.column(), targetHeight, targetWidth};
            for (int b = 0; b < rows; b++) System.arraycopy(row, 0, ids, 6 * b, 6);
            return Tensor.of(ids, rows, 6);
        }
    }

    private final Model model;
    private final Tensor pooled;
    private final List<Tensor> sizes;
    private final IntFunction<Tensor> condition;
    private final Replay network;

    /**
     * @param prompt    one row, or negative prompt and prompt where guidance is active
     * @param condition of a tile, {@code [1, h, w, C]}, by its number
     */
    FaithDiffDenoiser(Model model, Prompt prompt, IntFunction<Tensor> condition, TileGrid grid, Sizes sizes) {
        this.model = model;
        this.condition = condition;
        this.sizes = grid.tiles().stream().map(tile -> sizes.conditioning(prompt.pooled().size(0), tile)).toList();
        Context text = new Context(prompt.states().to(model.dtype));
        pooled = prompt.pooled().to(model.dtype);
        network = model.replay(in -> model.unet.predict(in[0], in[1], in[2], text));
    }

    @Override public Tensor predict(Tensor latents, int tile, double timestep) {
        Tensor time = model.unet.unet().embedTime((float) timestep, pooled, sizes.get(tile));
        return network.run(latents.to(model.dtype), condition.apply(tile), time).to(DType.F32).mul(1); // a copy, since the next run overwrites it
    }

    @Override public void close() { network.close(); }
}
