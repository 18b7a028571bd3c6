package dev.faithdiff;

import dev.faithdiff.networks.clip.PromptEncoder.Prompt;
import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.restore.Finite;
import dev.faithdiff.restore.diffusion.Denoising;
import dev.faithdiff.restore.diffusion.Guidance;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Replay;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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

    /** What the alignment takes of the photo in a tile, {@code [1, tileHeight, tileWidth, C]}. */
    interface Condition {
        Tensor of(TileGrid.Tile tile);

        /** Cut from the whole image's. */
        static Condition cut(Tensor whole, TileGrid grid) { return tile -> grid.cut(whole, tile); }
    }

    /** As published, of each tile's features alone. @param features of the LQ encoder for the whole image */
    Condition condition(Tensor features, TileGrid grid) {
        Map<TileGrid.Tile, Tensor> known = new HashMap<>();
        for (TileGrid.Tile t : grid.tiles()) {
            known.put(t, Finite.require(() -> alone(() -> model.unet.condition(grid.cut(features, t).to(model.dtype))), "the alignment module"));
        }
        return known::get;
    }

    /** Sees the end of a step and of each of its tiles. */
    interface After {
        /** @param clean makes the clean latents that the step's prediction means, while this runs */
        void step(Denoising d, Supplier<Tensor> clean);

        /** @param tile finished tiles of the step, of {@code tiles} */
        default void tile(int tile, int tiles) {}
    }

    /** All steps from the first. @param after sees each step's number and the latents after it */
    Tensor denoise(Tensor latents, Condition condition, Prompt prompt, Sampler sampler, Guidance guidance, TileGrid grid, int[] imageSize,
            int[] target, Supplier<Tensor> noise, BiConsumer<Integer, Tensor> after) {
        try (Denoising d = new Denoising(latents.mul(1), 0, sampler, grid.tiles().size())) {
            return denoise(d, condition, prompt, sampler, guidance, grid, imageSize, target, noise,
                    (at, clean) -> after.accept(at.step() - 1, at.latents()));
        }
    }

    /**
     * All denoising steps that are left.
     *
     * @param prompt    one row, or negative prompt and prompt where guidance is active
     * @param imageSize height and width of the padded output in pixels
     * @param target    height and width that the network is told it makes
     * @param noise     fresh noise of a tile's size
     * @throws OpError  if latents are not finite after a step, naming the op that made the first such value
     */
    Tensor denoise(Denoising d, Condition condition, Prompt prompt, Sampler sampler, Guidance guidance, TileGrid grid, int[] imageSize,
            int[] target, Supplier<Tensor> noise, After after) {
        try (Scope s = Scope.open()) {
            List<Tensor> timeIds = grid.tiles().stream().map(t -> timeIds(prompt.pooled().size(0), imageSize, t, target)).toList();
            Context text = new Context(prompt.states().to(model.dtype));
            Tensor pooled = prompt.pooled().to(model.dtype);
            double[] timesteps = sampler.timesteps();
            try (Replay network = model.replay(in -> model.unet.predict(in[0], in[1], in[2], text))) {
                for (int i = d.step(); i < timesteps.length; i++) {
                    int at = i;
                    try (Scope _ = Scope.open()) {
                        List<Tensor> tiles = new ArrayList<>();
                        List<Supplier<Tensor>> clean = new ArrayList<>();
                        for (int k = 0; k < grid.tiles().size(); k++) {
                            TileGrid.Tile tile = grid.tiles().get(k);
                            Tensor x = grid.cut(d.latents(), tile), ids = timeIds.get(k);
                            // A copy, since a preview looks at it after the next tile's run.
                            Supplier<Tensor> predict = () -> alone(() -> {
                                Tensor in = sampler.scaleInput(x, at), time = model.unet.unet().embedTime((float) timesteps[at], pooled, ids);
                                Tensor answer = network.run(in.to(model.dtype), condition.of(tile), time).to(DType.F32).mul(1);
                                return model.schedule.noise(guidance.apply(answer), in, timesteps[at]);
                            });
                            Tensor eps = predict.get(), next = d.walk(k).step(x, eps, i, noise);
                            Finite.require(next, predict, "denoising step " + (i + 1) + " of " + timesteps.length);
                            tiles.add(next);
                            clean.add(() -> sampler.data(x, eps, at));
                            after.tile(tiles.size(), grid.tiles().size());
                        }
                        d.advance(grid.merge(tiles));
                        after.step(d, () -> grid.merge(clean.stream().map(Supplier::get).toList()));
                    }
                }
            }
            return s.keep(d.result());
        }
    }

    /**
     * First latents from the image for a sampler that begins at a lower noise level: the image's mean latents noised as far as that.
     *
     * @param parameters mean and log variance of the image's latents
     */
    Tensor startWithin(Tensor parameters, Tensor noise, Sampler sampler) {
        try (Scope s = Scope.open()) {
            return s.keep(sampler.noised(Vae.Gaussian.of(parameters).mean().mul(model.vae.config().scaling()), noise, 0));
        }
    }

    /** Large images have hundreds of tiles, so of the work on one nothing stays but its result. */
    private static Tensor alone(Supplier<Tensor> work) {
        try (Scope s = Scope.open()) {
            return s.keep(work.get());
        }
    }

    /** Size of the output, place of the tile (in latents, as published) and target size, once for each row. */
    private Tensor timeIds(int rows, int[] imageSize, TileGrid.Tile t, int[] target) {
        float[] ids = new float[6 * rows], row = {imageSize[0], imageSize[1], t.row(), t.column(), target[0], target[1]};
        for (int b = 0; b < rows; b++) System.arraycopy(row, 0, ids, 6 * b, 6);
        return Tensor.of(ids, rows, 6);
    }
}
