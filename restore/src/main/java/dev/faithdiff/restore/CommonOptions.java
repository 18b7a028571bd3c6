package dev.faithdiff.restore;

import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Wrap;

/** Options that mean the same to many restorers. Their initial values are the published ones of FaithDiff. */
public final class CommonOptions {
    /** Every restorer has this one and the next two, of which a caller sets one: {@link ResultSize}. */
    public static final Option<Double> SCALE =
            Option.factor("scale", 4, 0.1, 16, "How many times wider and higher the result is than the photo, for example 2 or 1.5.").ofModel();
    /** Takes the place of the scale. */
    public static final Option<String> SIZE =
            Option.size("size", "Instead of --scale: the result is as large as fits into this size with the photo's proportions.");
    /** Takes the place of the scale. */
    public static final Option<Integer> LONG_SIDE = Option.pixels("long-side", "Instead of --scale: the longer side of the result.");
    /** The published networks of Stable Diffusion 2.1 were trained on images of 512 pixels. */
    public static final Option<Integer> PROCESS_SIZE = Option.side("process-size", 512, 64, "The shorter side, in pixels, that a photo has at "
            + "least when networks see it. A result that is smaller is restored at that size and shrunk.");
    /** Where random numbers begin. */
    public static final Option<Long> SEED = Option.seed("seed", 42, "Seed of the random numbers. The same seed gives the same result.");
    /** Whose random numbers are drawn. */
    public static final Option<RandomNumbers> RNG =
            Option.choice("rng", RandomNumbers.CPU, "Which random numbers are drawn: those of PyTorch on the CPU or on a CUDA device.");
    /** In a restorer that adds no noise: the share of its result in the mixture with the enlarged photo. */
    public static final Option<Double> STRENGTH =
            Option.share("strength", 1.0, "How far the result may go from the photo. 1: as published. 0: the photo, only enlarged.");
    /** The share of the enlarged photo in the result, band by band from the coarsest: {@link dev.faithdiff.image.FrequencyBlend}. */
    public static final Option<Double> FIDELITY = Option.share("fidelity", 0.0,
            "Share of the enlarged photo in the result, coarse structures first. 0: as published. 1: the photo, only enlarged.");
    /** What is done about a photo that restoring may harm. */
    public static final Option<Guard> GUARD = Option.choice("guard", Guard.WARN,
            "What to do if the photo is hardly damaged. off: nothing. warn: say so. auto: say so and lower the strength.");
    /** How the colours of the result are brought back to the photo's. */
    public static final Option<ColorFix> COLOR_FIX =
            Option.choice("color-fix", ColorFix.ADAIN, "How the colours of the result are matched to the photo's.").ofModel();
    /** The axes along which the photo goes on with its other end. */
    public static final Option<Wrap> WRAP = Option.choice("wrap", Wrap.NONE,
            "For pictures that go on with their other end, so that no seam shows there: x for panoramas of the horizon, y, or xy for textures.");
    /** Without it networks see zeros beyond an edge, and learn to know the edge by them. */
    public static final Option<Integer> MARGIN = Option.whole("margin", 0, 0, 256,
            "By how many pixels of the result the photo is continued beyond its edges, as its mirror image, before networks see it.").ofModel();
    /** The published tiles have 512 pixels and overlap by a quarter. Without tiles there are no seams. */
    public static final Option<Integer> VAE_TILE = Option.side("vae-tile", 0, 64,
            "Side of the tiles in which images are encoded, decoded or enlarged, in pixels of the result. 0: no tiles while memory suffices.");

    private CommonOptions() {}
}
