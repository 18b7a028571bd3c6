package dev.faithdiff;

import dev.faithdiff.networks.clip.PromptEncoder.Prompt;
import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.Shortcut;
import dev.faithdiff.restore.diffusion.Attribution;
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

    /** The network with some rows of text. */
    private final class Told implements AutoCloseable {
        private final Context text;
        private final Tensor pooled;
        private final List<Tensor> sizes;
        private final Replay whole;

        Told(Tensor states, Tensor pooled, TileGrid grid, Sizes sizes, Attribution attribution) {
            text = attribution.watched(new Context(states.to(model.dtype)));
            this.pooled = pooled.to(model.dtype);
            this.sizes = grid.tiles().stream().map(tile -> sizes.conditioning(pooled.size(0), tile)).toList();
            whole = model.replay(in -> model.unet.predict(in[0], in[1], in[2], text));
        }

        /** Steps that may leave something out differ, so they are not recorded, nor what somebody watches. */
        Tensor predict(Tensor latents, At at) {
            Tensor size = sizes.get(at.tile());
            Tensor added = text.kept(size, () -> new Tensor[] {model.unet.unet().time().added(pooled, size)})[0];
            Tensor time = model.unet.unet().embedTime((float) at.timestep(), added);
            Tensor x = latents.to(model.dtype), photo = condition.apply(at.tile());
            boolean same = at.shortcut() == Shortcut.NONE && !text.isWatched();
            return same ? whole.run(x, photo, time) : model.unet.predict(x, photo, time, text, at.shortcut());
        }

        @Override public void close() { whole.close(); }
    }

    private final Model model;
    private final IntFunction<Tensor> condition;
    private final Told guided, alone;

    /**
     * @param prompt      one row, or negative prompt and prompt where guidance is active
     * @param condition   of a tile, {@code [1, h, w, C]}, by its number
     * @param attribution watches the text
     */
    FaithDiffDenoiser(Model model, Prompt prompt, IntFunction<Tensor> condition, TileGrid grid, Sizes sizes, Attribution attribution) {
        this.model = model;
        this.condition = condition;
        int rows = prompt.pooled().size(0);
        guided = rows == 1 ? null : new Told(prompt.states(), prompt.pooled(), grid, sizes, attribution);
        alone = new Told(prompt.states().slice(0, rows - 1, rows), prompt.pooled().slice(0, rows - 1, rows), grid, sizes,
                attribution);
    }

    @Override public Tensor predict(Tensor latents, At at) {
        return (at.guided() ? guided : alone).predict(latents, at).to(DType.F32).mul(1); // a copy, since the next run overwrites it
    }

    @Override public void close() {
        if (guided != null) guided.close();
        alone.close();
    }
}
