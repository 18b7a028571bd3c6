package dev.faithdiff;

import dev.faithdiff.sample.Guidance;
import dev.faithdiff.sample.Sampler;
import dev.faithdiff.sample.TileGrid;
import dev.faithdiff.sdxl.TextContext;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Replay;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.text.PromptEncoder.Prompt;
import dev.faithdiff.vae.Vae;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/** The stages between an enlarged image and the restored one, as functions of a model (FaithDiff pipeline __call__). */
final class Restoration {
    private static final int LAST_TRAINING_STEP = 999;

    private final Model model;

    Restoration(Model model) { this.model = model; }

    /**
     * First latents from the image: DDPM's noising of the image's latents at t=999 applied, as published, to noise that is already scaled
     * by {@code sigma}.
     *
     * @param parameters     mean and log variance of the image's latents
     * @param posteriorNoise standard normal noise of the autoencoder's draw
     */
    Tensor startFromImage(Tensor parameters, Tensor noise, Tensor posteriorNoise, float sigma) {
        try (Scope s = Scope.open()) {
            Tensor z = Vae.Gaussian.of(parameters).sample(posteriorNoise).mul(model.vae.config().scaling());
            return s.keep(model.schedule.noised(z, noise.mul(sigma), LAST_TRAINING_STEP));
        }
    }

    /**
     * All denoising steps.
     *
     * @param features  of the LQ encoder for the whole image
     * @param prompt    one row, or negative prompt and prompt where guidance is active
     * @param imageSize height and width of the padded output in pixels
     * @param target    height and width that the network is told it makes
     * @param noise     fresh noise of a tile's size
     * @param after     sees each step's number and the latents after it
     */
    Tensor denoise(Tensor latents, Tensor features, Prompt prompt, Sampler sampler, Guidance guidance, TileGrid grid, int[] imageSize,
            int[] target, Supplier<Tensor> noise, BiConsumer<Integer, Tensor> after) {
        List<Sampler.Walk> walks = new ArrayList<>();
        try (Scope s = Scope.open()) {
            List<Tensor> conditions = new ArrayList<>(), timeIds = new ArrayList<>();
            for (TileGrid.Tile t : grid.tiles()) {
                walks.add(sampler.walk());
                conditions.add(model.unet.condition(grid.cut(features, t).to(model.dtype)));
                timeIds.add(timeIds(prompt.pooled().size(0), imageSize, t, target));
            }
            TextContext text = new TextContext(prompt.states().to(model.dtype));
            Tensor pooled = prompt.pooled().to(model.dtype);
            double[] timesteps = sampler.timesteps();
            try (Replay predict = model.replay(in -> model.unet.predict(in[0], in[1], in[2], text))) {
                for (int i = 0; i < timesteps.length; i++) {
                    try (Scope step = Scope.open()) {
                        List<Tensor> tiles = new ArrayList<>();
                        for (int k = 0; k < grid.tiles().size(); k++) {
                            Tensor x = grid.cut(latents, grid.tiles().get(k));
                            Tensor temb = model.unet.unet().embedTime((float) timesteps[i], pooled, timeIds.get(k));
                            Tensor eps = predict.run(sampler.scaleInput(x, i).to(model.dtype), conditions.get(k), temb).to(DType.F32);
                            tiles.add(walks.get(k).step(x, guidance.apply(eps), i, noise));
                        }
                        latents = step.keep(grid.merge(tiles));
                    }
                    after.accept(i, latents);
                }
            }
            return s.keep(latents);
        } finally {
            walks.forEach(Sampler.Walk::close);
        }
    }

    /** Size of the output, place of the tile (in latents, as published) and target size, once for each row. */
    private Tensor timeIds(int rows, int[] imageSize, TileGrid.Tile t, int[] target) {
        float[] ids = new float[6 * rows], row = {imageSize[0], imageSize[1], t.row(), t.column(), target[0], target[1]};
        for (int b = 0; b < rows; b++) System.arraycopy(row, 0, ids, 6 * b, 6);
        return Tensor.of(ids, rows, 6);
    }
}
