package dev.faithdiff.restore.sd;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.diffusion.DiffusionOptions;
import dev.faithdiff.restore.diffusion.Guidance;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.tiles.Patch;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.Tensor;

/** What SeeSR and PASD do alike with a run. */
public final class Controlled {
    /** Sides are padded to multiples of this. The published scripts shrink to such sides, and then enlarge the result. */
    public static final int PADDING = 8;

    private Controlled() {}

    /** What the steps do: the answers of all tiles are merged, and then the whole takes the step. @param h of the latents */
    public static Plan plan(SdRun run, Sampler sampler, int h, int w) {
        Options o = run.options;
        int side = o.get(TILE) / run.model.vae.config().downscale(), stride = (int) Math.round(side * o.get(OVERLAP));
        Guidance guidance = DiffusionOptions.guidance(o, o.get(GUIDANCE) == null ? 1 : o.get(GUIDANCE));
        return new Plan(run.model.schedule, run.within(sampler), guidance, DiffusionOptions.cache(o),
                TileGrid.square(h, w, side, side - stride, false), true);
    }

    /** The states of the prompt, behind those of the negative one where that guides. */
    public static Tensor states(SdRun run, Plan plan, String prompt) {
        String against = run.options.get(NEGATIVE) == null ? "" : run.options.get(NEGATIVE);
        return plan.guidance().active() ? run.states(against, prompt) : run.states(prompt);
    }

    /** The image of clean latents in the photo's colours and the size asked for. @param enlarged as the networks see the photo, not padded */
    public static Image image(SdRun run, Tensor latents, Image enlarged) {
        Image result = run.options.get(COLOR_FIX).apply(decoded(run, latents, enlarged), enlarged);
        return Resize.resize(result, run.size.width(), run.size.height(), Filter.BICUBIC);
    }

    /** The image of clean latents, without the padding. */
    public static Image decoded(SdRun run, Tensor latents, Image enlarged) {
        Patch all = run.decode(latents, run.options.get(VAE_TILE));
        return Image.fromFloats(all.values(), all.width(), all.height(), enlarged.bits()).crop(0, 0, enlarged.width(), enlarged.height());
    }
}
