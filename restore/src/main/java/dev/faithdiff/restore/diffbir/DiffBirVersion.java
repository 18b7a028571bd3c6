package dev.faithdiff.restore.diffbir;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static dev.faithdiff.restore.sd.SdRestorer.ADDED_PROMPT;

import dev.faithdiff.image.ColorFix;
import dev.faithdiff.restore.Options;

/** DiffBIR's versions, with what their published scripts start from. */
enum DiffBirVersion {
    V1("v1", DiffBirSampler.SPACED, 50, 4, "", Words.LOW_QUALITY), V2("v2", DiffBirSampler.SPACED, 50, 4, "", Words.LOW_QUALITY),
    V21("v2.1", DiffBirSampler.EDM_DPMPP_3M_SDE, 10, 6, Words.FINE, Words.NOT_FINE);

    private static final long PUBLISHED_SEED = 231;

    private static final class Words {
        static final String LOW_QUALITY = "low quality, blurry, low-resolution, noisy, unsharp, weird textures";
        static final String FINE = "Cinematic, High Contrast, highly detailed, taken using a Canon EOS R camera, hyper detailed photo - "
                + "realistic maximum detail, 32k, Color Grading, ultra HD, extreme meticulous detailing, skin pore detailing, hyper sharpness, "
                + "perfect without deformations.";
        static final String NOT_FINE = "painting, oil painting, illustration, drawing, art, sketch, oil painting, cartoon, CG Style, 3D render, "
                + "unreal engine, blurring, dirty, messy, worst quality, low quality, frames, watermark, signature, jpeg artifacts, deformed, "
                + "lowres, over-smooth.";
    }

    private final String label, added, negative;
    final DiffBirSampler sampler;
    private final int steps;
    private final double guidance;

    DiffBirVersion(String label, DiffBirSampler sampler, int steps, double guidance, String added, String negative) {
        this.label = label;
        this.sampler = sampler;
        this.steps = steps;
        this.guidance = guidance;
        this.added = added;
        this.negative = negative;
    }

    /** Its options' initial values. The published script works in tiles only where it is told to, and then in these. */
    Options defaults() {
        return Options.defaults().with(STEPS, steps).with(GUIDANCE, guidance).with(ADDED_PROMPT, added).with(NEGATIVE, negative)
                .with(COLOR_FIX, ColorFix.WAVELET).with(SEED, PUBLISHED_SEED).with(TILE, 512).with(OVERLAP, 0.5);
    }

    @Override public String toString() { return label; }
}
