package dev.faithdiff.restore.diffusion;

import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** Options that mean the same to many restorers that denoise latents. Their initial values are the published ones of FaithDiff. */
public final class DiffusionOptions {
    /** Not every sampler takes every number: {@link Samplers#create}. */
    public static final Option<Integer> STEPS = Option.whole("steps", 20, 1, 1000, "Number of denoising steps. With the timesteps of SDXL, dpm++2m "
            + "and unipc take at most 998, lcm and tcd 50, and samplers without dpm++ or unipc in their name at least 2.").ofModel();
    /** The scale of the classifier-free guidance. Null: the model's own. */
    public static final Option<Double> GUIDANCE = Option.number("guidance", null, "a number of at least 0", v -> v >= 0 && !v.isInfinite(),
            "Scale of the classifier-free guidance: how strongly the result follows the prompt. Up to 1: no guidance.");
    /** The share of the guided noise's excess deviation that is taken back (Lin et al. 2023, section 3.4). */
    public static final Option<Double> GUIDANCE_RESCALE =
            Option.share("guidance-rescale", 0.0, "How far the contrast that guidance adds is taken back. 0: not at all. 1: wholly.");
    /** The noise levels at which steps are guided; null: at all. */
    public static final Option<String> GUIDANCE_INTERVAL = Option.text("guidance-interval",
            "two numbers such as 0.28:5.42, the first one less than the second", s -> interval(s) != null, "Noise levels sigma at which steps are "
            + "guided: above the first, up to the second. Others take half the work. For SDXL 0.28:5.42 is published.");
    /** Which steps leave out the inner part of the U-Net; null: none. */
    public static final Option<String> CACHE = Option.text("cache", StepCache.FORM, s -> StepCache.of(s) != null,
            "Which steps take the inner part of the U-Net from an earlier step. deep:3 means all but every third; a branch, as in deep:3:1, "
            + "computes more. output and residual mean those that change by less than the number.");
    /** What the photo shows, in words. */
    public static final Option<String> PROMPT = Option.text("prompt", "", "Description of what the photo shows. auto: a captioner "
            + "writes it first, an installed one or that of auto:NAME.");
    /** What each tile shows; null: all have the prompt. */
    public static final Option<String> TILE_PROMPTS = Option.text("tile-prompts", "texts with | between them", s -> true, "What the photo shows in "
            + "each tile of --tile, row by row, with | between the texts; instead of --prompt. auto and auto:NAME: as for --prompt.");
    /** Null: the text states are zeros. */
    public static final Option<String> NEGATIVE = Option.text("negative", "", "Description of what the result should not look like.").orNull();
    /** What is done with the end of a long prompt. */
    public static final Option<PromptMode> PROMPT_MODE = Option.choice("prompt-mode", PromptMode.WINDOWS, "Prompts of more than 75 tokens: cut, as "
            + "published, or encode them in windows of 75 tokens.");
    /** The sampler. Null: the model's own. */
    public static final Option<Samplers> SAMPLER = Option.choice("sampler", null, Samplers.class, "Sampler that removes the noise.");
    /** How timesteps are spread. Null: the model's own. */
    public static final Option<NoiseSchedule.Spacing> SPACING = Option.choice("spacing", null, NoiseSchedule.Spacing.class, "How the steps are "
            + "spread over the training's timesteps. Weights made for few steps need trailing.");
    /** The timesteps of the steps, which then count instead of {@link #STEPS}. */
    public static final Option<String> TIMESTEPS = Option.text("timesteps", "whole numbers with commas between, each less than "
            + "the one before", DiffusionOptions::fall, "Timesteps of the training to visit, such as 999,749,499,249. The number of steps is then "
            + "theirs.");
    /** The noise levels of the steps. Null: the model's own. */
    public static final Option<Sigmas> SIGMAS = Option.choice("sigmas", null, Sigmas.class, "Noise levels of the steps: those of the schedule's "
            + "timesteps, or spread by a formula between the highest and the lowest. For euler, heun, dpm++ and unipc.");
    /** Null: the sampler's own. */
    public static final Option<Double> ETA = Option.share("eta", null, "Share of the noise that is drawn anew, for ddim (its own: 0) and tcd (0.3): "
            + "more invents more detail.");
    /** How much noise is added before the steps (Karras et al. 2022, S_churn), where a sampler takes it. */
    public static final Option<Double> CHURN = Option.number("churn", 0.0, "at least 0", v -> v >= 0 && !v.isInfinite(), "How much noise is added "
            + "anew before the steps, all together, for the samplers edm, edm_euler, edm_heun and edm_dpm_2.").ofModel();
    /** The side of the tiles of denoising, in pixels of the result. */
    public static final Option<Integer> TILE =
            Option.side("tile", 1024, 64, "Side of the overlapping tiles in which large results are denoised, in pixels of the result.").ofModel();
    /** The distance from tile to tile as a share of the side: a larger one means less overlap. */
    public static final Option<Double> OVERLAP = Option.number("overlap", 0.5, "above 0 and at most 1", v -> v > 0 && v <= 1,
            "Distance from tile to tile as a fraction of the tile's side. A larger one means less overlap; the name is the published one.").ofModel();

    private static final Pattern INTERVAL = Pattern.compile("(\\d*\\.?\\d+):(\\d*\\.?\\d+)");

    private DiffusionOptions() {}

    /** The guidance of a scale in the interval that options choose. */
    public static Guidance guidance(Options o, double scale) {
        double[] interval = o.get(GUIDANCE_INTERVAL) == null ? new double[] {0, Double.POSITIVE_INFINITY} : interval(o.get(GUIDANCE_INTERVAL));
        return new Guidance(scale, o.get(GUIDANCE_RESCALE), interval[0], interval[1]);
    }

    /** The cache that options choose; null: none. */
    public static StepCache cache(Options o) { return o.get(CACHE) == null ? null : StepCache.of(o.get(CACHE)); }

    private static double[] interval(String text) {
        Matcher m = INTERVAL.matcher(text);
        if (!m.matches()) return null;
        double low = Double.parseDouble(m.group(1)), high = Double.parseDouble(m.group(2));
        return low < high ? new double[] {low, high} : null;
    }

    /** The numbers of {@link #TIMESTEPS}. @throws IllegalArgumentException in one line if the training has no such timestep */
    static double[] timesteps(String list, NoiseSchedule schedule) {
        double[] t = numbers(list);
        if (t[0] < schedule.timesteps()) return t;
        throw new IllegalArgumentException("timesteps must be below " + schedule.timesteps() + ", not " + (int) t[0]);
    }

    private static double[] numbers(String list) { return Arrays.stream(list.split(",", -1)).mapToDouble(Integer::parseInt).toArray(); }

    private static boolean fall(String list) {
        if (!list.matches("\\d{1,6}(,\\d{1,6})*")) return false;
        double[] t = numbers(list);
        return IntStream.range(1, t.length).allMatch(i -> t[i] < t[i - 1]);
    }
}
