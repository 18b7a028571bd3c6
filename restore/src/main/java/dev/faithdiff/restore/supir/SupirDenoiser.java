package dev.faithdiff.restore.supir;

import dev.faithdiff.networks.clip.PromptEncoder.Prompt;
import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.Control;
import dev.faithdiff.networks.unet.TimeEmbedding;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.Levels;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * SUPIR's networks with their texts and the photo's latents, and what becomes of their answers: guidance that follows the noise, and the pull to
 * the photo (SUPIR denoiser.py, guiders.py, sampling.py). As published, the networks see the noise of the nearest timestep of the training, and
 * the sampler that of the step. Its tensors belong to the scope it is made in.
 */
final class SupirDenoiser implements Denoiser {
    /** The sizes that SDXL is told, whatever the image's: size, upper left corner, target size. */
    private static final float[] SIZES = {1024, 1024, 0, 0, 1024, 1024};

    private final SupirModel model;
    private final SupirSteps steps;
    private final TileGrid grid;
    private final Tensor photo, first;
    private final List<Told> guided, alone;

    /** Rows of text as both networks read them. */
    private record Told(Context text, Tensor pooled) {
        /** The time embeddings of one network. */
        Tensor at(double timestep, TimeEmbedding time) {
            Tensor added = text.kept(time, () -> new Tensor[] {time.added(pooled, sizes())})[0];
            float[] all = new float[pooled.size(0)];
            Arrays.fill(all, (float) timestep);
            return time.with(all, added);
        }

        private Tensor sizes() {
            float[] all = new float[pooled.size(0) * SdModel.SIZE_NUMBERS];
            for (int i = 0; i < all.length; i++) all[i] = SIZES[i % SIZES.length];
            return Tensor.of(all, pooled.size(0), SdModel.SIZE_NUMBERS);
        }
    }

    /**
     * @param prompts for all tiles one, or one for each: a row, or negative prompt and prompt where guidance is active
     * @param photo   latents that steer, {@code [1, h, w, C]} on the scale of the diffusion
     * @param first   latents that predictions are drawn to; null where they are not
     */
    SupirDenoiser(SupirModel model, SupirSteps steps, List<Prompt> prompts, Tensor photo, Tensor first) {
        this.model = model;
        this.steps = steps;
        this.photo = photo;
        this.first = first;
        grid = steps.plan().grid();
        DType dtype = model.base().dtype;
        // What layers make of a text is kept; of many texts it would be too much.
        Function<Tensor, Context> context = prompts.size() == 1 ? Context::new : Context::once;
        int rows = prompts.getFirst().pooled().size(0);
        guided = rows == 1 ? List.of() : prompts.stream().map(p -> new Told(context.apply(p.states().to(dtype)), p.pooled().to(dtype))).toList();
        alone = prompts.stream().map(p -> new Told(context.apply(p.states().slice(0, rows - 1, rows).to(dtype)),
                p.pooled().slice(0, rows - 1, rows).to(dtype))).toList();
    }

    /** One row, as guided where it is. */
    @Override public Tensor predict(Tensor latents, At at) {
        double sigma = steps.sigma(at.step()), seen = model.table().sigma((int) at.timestep()), pulled = steps.pulled(at.step());
        try (Scope s = Scope.open()) {
            Tensor x = latents.mul((float) (Levels.alpha(seen) / Levels.alpha(sigma)));
            Tensor answer = answer(x, at), noise = answer.slice(0, answer.size(0) - 1, answer.size(0));
            if (at.guided()) {
                Tensor negative = answer.slice(0, 0, 1);
                noise = negative.add(noise.sub(negative).mul((float) steps.guidance(at.step())));
            }
            noise = noise.mul((float) (seen / sigma));
            if (pulled > 0) {
                // The same as drawing the clean latents, of which the loop knows the noise alone.
                Tensor to = grid.cut(first, grid.tiles().get(at.tile())), clean = latents.mul((float) (1 / Levels.alpha(sigma)))
                        .sub(noise.mul((float) sigma));
                noise = noise.add(clean.sub(to).mul((float) (pulled / sigma)));
            }
            return s.keep(noise);
        }
    }

    /** The networks' answer {@code [rows, h, w, C]} in F32. @param x {@code [1, h, w, C]}, of the noise that the training's timestep has */
    private Tensor answer(Tensor x, At at) {
        List<Told> all = at.guided() ? guided : alone;
        Told told = all.get(all.size() == 1 ? 0 : at.tile());
        float scale = (float) steps.control(at.step());
        UNet unet = model.base().unet;
        try (Scope s = Scope.open()) {
            Tensor in = x.to(model.base().dtype);
            Control control = scale == 0 ? Control.NONE : model.connectors().to(model.control().forward(in,
                    grid.cut(photo, grid.tiles().get(at.tile())).to(model.base().dtype), told.at(at.timestep(), model.control().time()),
                    told.text), scale);
            Tensor noise = unet.denoise(unet.embed(in), told.at(at.timestep(), unet.time()), control, at.shortcut(), List.of(told.text));
            return s.keep(noise.to(DType.F32).mul(1));
        }
    }
}
