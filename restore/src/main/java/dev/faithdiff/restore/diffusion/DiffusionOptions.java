package dev.faithdiff.restore.diffusion;

import dev.faithdiff.restore.Option;

/** Options that mean the same to many restorers that denoise latents. Their initial values are the published ones of FaithDiff. */
public final class DiffusionOptions {
    public static final Option<Integer> STEPS = Option.whole("steps", 20, 1, 1000, "Number of denoising steps.").ofModel();
    public static final Option<Double> GUIDANCE = Option.number("guidance", null, "a number of at least 0", v -> v >= 0 && !v.isInfinite(),
            "Scale of the classifier-free guidance: how strongly the result follows the prompt. Up to 1: no guidance.");
    public static final Option<Double> RESCALE =
            Option.share("guidance-rescale", 0, "How far the contrast that guidance adds is taken back. 0: not at all. 1: wholly.");
    public static final Option<String> PROMPT = Option.text("prompt", "", "Description of what the photo shows.");
    /** Null: the text states are zeros. */
    public static final Option<String> NEGATIVE = Option.text("negative", "", "Description of what the result should not look like.").orNull();
    public static final Option<Samplers> SAMPLER = Option.choice("sampler", null, Samplers.class, "Sampler that removes the noise.");
    public static final Option<Integer> TILE =
            Option.side("tile", 1024, 64, "Side of the overlapping tiles in which large results are denoised, in pixels of the result.").ofModel();
    public static final Option<Double> OVERLAP = Option.number("overlap", 0.5, "above 0 and at most 1", v -> v > 0 && v <= 1,
            "Distance from tile to tile as a fraction of the tile's side. A larger one means less overlap; the name is the published one.").ofModel();

    private DiffusionOptions() {}
}
