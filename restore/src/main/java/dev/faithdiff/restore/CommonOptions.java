package dev.faithdiff.restore;

import dev.faithdiff.image.ColorFix;

/** Options that mean the same to many restorers. Their initial values are the published ones. */
public final class CommonOptions {
    /** Every restorer has this one. */
    public static final Option<Integer> SCALE =
            Option.whole("scale", 4, 1, 8, "How many times wider and higher the result is than the photo.").ofModel();
    public static final Option<Long> SEED = Option.seed("seed", 42, "The same seed gives the same image.");
    public static final Option<RandomNumbers> RNG =
            Option.choice("rng", RandomNumbers.CPU, "Whose random numbers are drawn: PyTorch's on the CPU or on a CUDA device.");
    /** For a restorer without noise, the share of its result in the mixture with the enlarged photo. */
    public static final Option<Double> STRENGTH =
            Option.share("strength", 1, "How far the result may go from the photo: 1 as published, 0 gives the enlarged photo.");
    public static final Option<Double> FIDELITY = Option.share("fidelity", 0,
            "How much of the result is taken from the enlarged photo, coarse structures first: 0 as published, 1 all.");
    public static final Option<Guard> GUARD = Option.choice("guard", Guard.WARN,
            "What to do about a photo that is hardly damaged: nothing, warn, or also lower the strength (auto).");
    public static final Option<ColorFix> COLOR_FIX =
            Option.choice("color-fix", ColorFix.ADAIN, "How the result gets the photo's colours back.").ofModel();
    /** Beyond an edge networks see zeros, which is a place that they learn to know. */
    public static final Option<Integer> MARGIN = Option.whole("margin", 0, 0, 256,
            "How many pixels of the photo's mirror image the networks see beyond its edges, in pixels of the result.").ofModel();
    /** Published: tiles of 512 that overlap by a quarter. Without tiles there are no seams. */
    public static final Option<Integer> VAE_TILE = Option.side("vae-tile", 0, 64,
            "Side of the tiles in which images are encoded, decoded or enlarged, in pixels of the result; 0: as large as the free memory allows.");

    private CommonOptions() {}
}
