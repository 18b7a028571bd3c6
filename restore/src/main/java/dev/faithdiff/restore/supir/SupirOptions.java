package dev.faithdiff.restore.supir;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.CHURN;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE_PROMPTS;
import static dev.faithdiff.restore.sd.ControlOptions.CONTROL;
import static dev.faithdiff.restore.sd.SdRestorer.ADDED_PROMPT;

import dev.faithdiff.image.ColorFix;
import dev.faithdiff.model.Config;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.sd.SdRestorer;
import java.util.List;
import java.util.function.Predicate;

/** SUPIR's own options, with the initial values of its script test.py. */
final class SupirOptions {
    private static final Predicate<Double> POSITIVE = v -> v >= 0 && !v.isInfinite();

    static final Option<SupirSampler> SAMPLER = Option.choice("sampler", null, SupirSampler.class, "Sampler that removes the noise. dpm++2m is for "
            + "bases of few steps.");
    static final Option<Double> NOISE = Option.number("noise-scale", 1.01, "at least 0", POSITIVE, "Factor of the noise that is added anew. Above 1: "
            + "more detail.");
    static final Option<Double> GUIDANCE_START = Option.number("guidance-start", 1.0, "at least 0", POSITIVE, "The guidance where there is most "
            + "noise. As noise falls it goes in a line to that of --guidance; the same value: it does not change.").ofModel();
    static final Option<Double> CONTROL_START = Option.number("control-start", "at least 0", POSITIVE, "How strongly the photo steers where there is "
            + "most noise. As noise falls it goes in a line to --control-scale. None: it does not change.");
    static final Option<Double> RESTORATION = Option.number("restoration-power", "above 0", v -> v > 0 && !v.isInfinite(), "Draws predictions to the "
            + "photo's latents, by the share of the noise to this power, such as 4: less draws for longer. For edm.");
    /** All of the system, in the order in which they are shown. */
    static final List<Option<?>> ALL = SdRestorer.options(List.of(PROCESS_SIZE, SAMPLER, CHURN, NOISE, GUIDANCE_START, CONTROL, CONTROL_START,
            RESTORATION, TILE_PROMPTS));

    private static final String ADDED = "Cinematic, High Contrast, highly detailed, taken using a Canon EOS R camera, hyper detailed photo - "
            + "realistic maximum detail, 32k, Color Grading, ultra HD, extreme meticulous detailing, skin pore detailing, hyper sharpness, "
            + "perfect without deformations.";
    private static final String AGAINST = "painting, oil painting, illustration, drawing, art, sketch, oil painting, cartoon, CG Style, 3D render, "
            + "unreal engine, blurring, dirty, messy, worst quality, low quality, frames, watermark, signature, jpeg artifacts, deformed, lowres, "
            + "over-smooth";
    private static final int PROCESS = 1024, STEPS_OF_EDM = 50;
    private static final long PUBLISHED_SEED = 1234;

    private SupirOptions() {}

    /** The published initial values, but for those that {@code model.json} has of its own, as a base of few steps has. */
    static Options defaults(Config c) {
        return Options.defaults().with(SCALE, 1.0).with(PROCESS_SIZE, PROCESS).with(SEED, PUBLISHED_SEED).with(COLOR_FIX, ColorFix.WAVELET)
                .with(CHURN, 5.0).with(STEPS, c.integer("num_inference_steps", STEPS_OF_EDM)).with(GUIDANCE, c.number("guidance_scale", 4))
                .with(GUIDANCE_START, c.number("guidance_start", 1)).with(ADDED_PROMPT, ADDED).with(NEGATIVE, AGAINST);
    }

    /** The sampler that is chosen, or the model's own. */
    static SupirSampler sampler(Options o, Config c) {
        return o.get(SAMPLER) != null ? o.get(SAMPLER) : SAMPLER.parse(c.text("sampler", SupirSampler.EDM.toString()));
    }
}
