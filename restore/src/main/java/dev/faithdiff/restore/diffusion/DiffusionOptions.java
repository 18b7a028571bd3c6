package dev.faithdiff.restore.diffusion;

import dev.faithdiff.restore.Option;

/** Options that mean the same to many restorers that denoise latents. Their initial values are the published ones of FaithDiff. */
public final class DiffusionOptions {
    public static final Option<Integer> STEPS = Option.whole("steps", 20, 1, 1000, "How many denoising steps are taken.").ofModel();
    public static final Option<Double> GUIDANCE = Option.number("guidance", null, "a number of at least 0", v -> v >= 0 && !v.isInfinite(),
            "How strongly the result follows the prompt; 1 and below: no guidance.");
    public static final Option<Double> RESCALE =
            Option.share("guidance-rescale", 0, "How much of the contrast that guidance adds is taken back.");
    public static final Option<String> PROMPT = Option.text("prompt", "", "What the photo shows.");
    /** Null stands for zero states. */
    public static final Option<String> NEGATIVE = Option.text("negative", "", "What the result should not look like.").orNull();
    public static final Option<Samplers> SAMPLER = Option.choice("sampler", null, Samplers.class, "Which sampler removes the noise.");
    public static final Option<Integer> TILE =
            Option.side("tile", 1024, 64, "Side of the overlapping tiles in which large images are denoised.").ofModel();
    public static final Option<Double> OVERLAP = Option.number("overlap", 0.5, "above 0 and at most 1", v -> v > 0 && v <= 1,
            "Step from tile to tile as a fraction of the tile; a larger step means less overlap (the published option has this name).").ofModel();

    private DiffusionOptions() {}
}
