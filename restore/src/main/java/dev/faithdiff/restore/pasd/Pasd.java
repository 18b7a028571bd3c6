package dev.faithdiff.restore.pasd;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static dev.faithdiff.restore.sd.ControlOptions.CONTROL;
import static dev.faithdiff.restore.sd.ControlOptions.START;
import static dev.faithdiff.restore.sd.SdRestorer.ADDED_PROMPT;

import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.Wrap;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.diffusion.AutoPrompt;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.Levels;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.diffusion.Samplers;
import dev.faithdiff.restore.sd.ControlOptions.Start;
import dev.faithdiff.restore.sd.Controlled;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.restore.sd.SdRestorer;
import dev.faithdiff.restore.sd.SdRun;
import dev.faithdiff.restore.sd.SdSystem;
import dev.faithdiff.restore.sd.SdTask;
import dev.faithdiff.restore.tiles.TileSource;
import dev.faithdiff.tensor.Tensor;
import java.util.List;

/**
 * PASD (Yang et al. 2024): the photo steers Stable Diffusion 1.5 through a ControlNet, whose results the U-Net also attends to, pixel by pixel.
 * Source: pipeline_pasd.py and test_pasd.py.
 */
record Pasd(PasdModel model) implements SdSystem {
    static final Option<Integer> ADDED_NOISE = Option.whole("added-noise-level", 900, 0, 999, "The timestep whose noise the first latents get beside "
            + "that of the first step. As published, one that is not a step's stands for the last step's.");
    static final List<Option<?>> OPTIONS = SdRestorer.options(List.of(PROCESS_SIZE, CONTROL, START, ADDED_NOISE));
    private static final String ADDED = "clean, high-resolution, 8k",
            AGAINST = "blurry, dotted, noise, raster lines, unclear, lowres, over-smoothed";
    private static final int PROCESS = 768;
    /** The published tiles have 320 latents and overlap by 8. */
    private static final int TILE_PIXELS = 2560;
    private static final double STRIDE = 312 / 320.0;

    @Override public String name() { return "Pasd"; }

    @Override public List<Option<?>> options() { return OPTIONS; }

    @Override public Options defaults() {
        return Options.defaults().with(SCALE, 1.0).with(PROCESS_SIZE, PROCESS).with(GUIDANCE, 9.0).with(ADDED_PROMPT, ADDED).with(NEGATIVE, AGAINST)
                .with(COLOR_FIX, ColorFix.WAVELET).with(TILE, TILE_PIXELS).with(OVERLAP, STRIDE);
    }

    @Override public void check(Options o) { sampler(o); }

    @Override public SdTask begin(SdRun run) {
        Image enlarged = enlarged(run.photo, run.size, run.options.get(PROCESS_SIZE)), in = enlarged.padTo(Controlled.PADDING);
        Plan plan = plan(run, in.height() / down(), in.width() / down());
        return new SdTask(plan, start(run, in, plan.sampler()), denoiser(run, in, plan), latents -> Controlled.image(run, latents, enlarged));
    }

    /** The photo in the result's size or, where its shorter side is below {@code least}, enlarged from there to that. */
    static Image enlarged(Image photo, ResultSize size, int least) {
        Image first = Resize.resize(photo, size.width(), size.height(), Filter.BICUBIC);
        int w = first.width(), h = first.height();
        if (Math.min(w, h) >= least) return first;
        return w <= h ? Resize.resize(first, least, (int) ((long) least * h / w), Filter.BILINEAR)
                : Resize.resize(first, (int) ((long) least * w / h), least, Filter.BILINEAR);
    }

    private int down() { return model.base().vae.config().downscale(); }

    private Sampler sampler(Options o) { return Samplers.UNIPC.create(model.base().schedule, model.base().scheduler, o.get(STEPS)); }

    /** What the steps do. @param h of the latents */
    Plan plan(SdRun run, int h, int w) { return Controlled.plan(run, sampler(run.options), h, w); }

    /** The first latents. What is drawn has the published order: the photo's sample, noise, added noise. */
    Tensor start(SdRun run, Image in, Sampler sampler) {
        int h = in.height() / down(), w = in.width() / down();
        if (run.options.get(START) == Start.NOISE && !run.beginsLater()) return run.noise(h, w);
        SdModel base = model.base();
        TileSource image = TileSource.of(in, base.device, Wrap.NONE);
        Vae.Gaussian photo = Vae.Gaussian.of(run.encode(image, h, w, run.options.get(VAE_TILE)));
        Tensor noised = sampler.noised(photo.sample(run.noise(h, w)).mul(base.vae.config().scaling()), run.noise(h, w), 0);
        return run.beginsLater() ? noised : sampler.noised(noised, run.noise(h, w), addedAt(sampler.levels(), run.options.get(ADDED_NOISE)));
    }

    /** The step that has a timestep, or the last one. */
    static int addedAt(Levels levels, int timestep) {
        double[] t = levels.timesteps();
        for (int i = 0; i < t.length; i++) if (t[i] == timestep) return i;
        return t.length - 1;
    }

    /** The networks with what the photo tells them. @param in the photo as the ControlNet sees it */
    Denoiser denoiser(SdRun run, Image in, Plan plan) {
        Tensor text = Controlled.states(run, plan, prompt(run.options));
        return new PasdDenoiser(model, model.base().hints(in, plan.grid(), model.hint()::forward), run.options.get(CONTROL), text);
    }

    /** Caption and added words; nothing but a space is between them. */
    static String prompt(Options o) { return (AutoPrompt.words(o).strip() + " " + o.get(ADDED_PROMPT)).strip(); }
}
