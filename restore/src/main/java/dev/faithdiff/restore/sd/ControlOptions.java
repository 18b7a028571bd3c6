package dev.faithdiff.restore.sd;

import dev.faithdiff.restore.Option;
import java.util.Locale;

/** Options of systems whose U-Net is steered by a copy of itself that sees the photo, and that may begin with the photo's latents: SeeSR and PASD. */
public final class ControlOptions {
    /** What denoising starts from. */
    public enum Start {
        /** The photo's latents, with noise. */
        LR,
        /** Noise alone. */
        NOISE;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    public static final Option<Double> CONTROL = Option.number("control-scale", 1.0, "a number of at least 0", v -> v >= 0 && !v.isInfinite(),
            "How strongly the photo steers the networks. 1: as published.");
    public static final Option<Start> START = Option.choice("start", Start.LR, "What denoising starts from. lr: the photo's latents with almost all "
            + "noise of the training. noise: noise alone.");

    private ControlOptions() {}
}
