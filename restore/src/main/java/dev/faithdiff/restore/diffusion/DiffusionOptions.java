package dev.faithdiff.restore.diffusion;

import dev.faithdiff.restore.Option;

/** Options that mean the same to many restorers that denoise latents. Their initial values are the published ones of FaithDiff. */
public final class DiffusionOptions {
    /** Not every sampler takes every number: {@link Samplers#create}. */
    public static final Option<Integer> STEPS = Option.whole("steps", 20, 1, 1000, "Number of denoising steps. With the timesteps of SDXL, dpm++2m "
            + "and unipc take at most 998, and samplers without dpm++ or unipc in their name at least 2.").ofModel();
    /** The scale of the classifier-free guidance. Null: the model's own. */
    public static final Option<Double> GUIDANCE = Option.number("guidance", null, "a number of at least 0", v -> v >= 0 && !v.isInfinite(),
            "Scale of the classifier-free guidance: how strongly the result follows the prompt. Up to 1: no guidance.");
    /** The share of the guided noise's excess deviation that is taken back (Lin et al. 2023, section 3.4). */
    public static final Option<Double> GUIDANCE_RESCALE =
            Option.share("guidance-rescale", 0, "How far the contrast that guidance adds is taken back. 0: not at all. 1: wholly.");
    /** What the photo shows, in words. */
    public static final Option<String> PROMPT = Option.text("prompt", "", "Description of what the photo shows.");
    /** Null: the text states are zeros. */
    public static final Option<String> NEGATIVE = Option.text("negative", "", "Description of what the result should not look like.").orNull();
    /** What is done with the end of a long prompt. */
    public static final Option<PromptMode> PROMPT_MODE = Option.choice("prompt-mode", PromptMode.WINDOWS, "Prompts of more than 75 tokens: cut, as "
            + "published, or encode them in windows of 75 tokens.");
    /** The sampler. Null: the model's own. */
    public static final Option<Samplers> SAMPLER = Option.choice("sampler", null, Samplers.class, "Sampler that removes the noise.");
    /** The side of the tiles of denoising, in pixels of the result. */
    public static final Option<Integer> TILE =
            Option.side("tile", 1024, 64, "Side of the overlapping tiles in which large results are denoised, in pixels of the result.").ofModel();
    /** The distance from tile to tile as a share of the side: a larger one means less overlap. */
    public static final Option<Double> OVERLAP = Option.number("overlap", 0.5, "above 0 and at most 1", v -> v > 0 && v <= 1,
            "Distance from tile to tile as a fraction of the tile's side. A larger one means less overlap; the name is the published one.").ofModel();

    private DiffusionOptions() {}
}
