package dev.faithdiff.restore.seesr;

import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static dev.faithdiff.restore.sd.ControlOptions.CONTROL;
import static dev.faithdiff.restore.sd.ControlOptions.START;
import static dev.faithdiff.restore.sd.SdRestorer.ADDED_PROMPT;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.Wrap;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.caption.Tagger;
import dev.faithdiff.restore.diffusion.AutoPrompt;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.diffusion.Samplers;
import dev.faithdiff.restore.sd.ControlOptions.Start;
import dev.faithdiff.restore.sd.Controlled;
import dev.faithdiff.restore.sd.ProcessSize;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.restore.sd.SdRestorer;
import dev.faithdiff.restore.sd.SdRun;
import dev.faithdiff.restore.sd.SdSystem;
import dev.faithdiff.restore.sd.SdTask;
import dev.faithdiff.restore.tiles.TileSource;
import dev.faithdiff.tensor.Tensor;
import java.util.List;
import java.util.Locale;

/**
 * SeeSR (Wu et al. 2024): the photo steers Stable Diffusion through a ControlNet, its tags are the prompt, and both networks attend to what the
 * tagger saw. Source: pipeline_seesr.py and test_seesr.py.
 */
record SeeSr(SeeSrModel model) implements SdSystem {
    /** Whose tags the prompt begins with. */
    enum Tags {
        OWN, NONE;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    static final Option<Tags> TAGS = Option.choice("tags", Tags.OWN, "own: the prompt begins with the tags of the model's own tagger, as published.");
    static final List<Option<?>> OPTIONS = SdRestorer.options(List.of(PROCESS_SIZE, CONTROL, START, TAGS));
    private static final String ADDED = "clean, high-resolution, 8k", AGAINST = "dotted, noise, blur, lowres, smooth";
    /** The published tiles have 96 latents. */
    private static final int TILE_PIXELS = 768;

    @Override public String name() { return "SeeSr"; }

    @Override public List<Option<?>> options() { return OPTIONS; }

    /** Steps, guidance and overlap are the model's, since the variant of few steps has others. */
    @Override public Options defaults() {
        Config c = model.base().description();
        double tile = (double) TILE_PIXELS / down();
        return Options.defaults().with(STEPS, c.integer("num_inference_steps", 50)).with(GUIDANCE, c.number("guidance_scale", 5.5))
                .with(ADDED_PROMPT, ADDED).with(NEGATIVE, AGAINST).with(TILE, TILE_PIXELS)
                .with(OVERLAP, (tile - c.integer("tile_overlap", 4)) / tile);
    }

    @Override public void check(Options o) { sampler(o); }

    @Override public SdTask begin(SdRun run) {
        Image enlarged = ProcessSize.enlarged(run.photo, run.size, run.options.get(PROCESS_SIZE)), in = enlarged.padTo(Controlled.PADDING);
        Plan plan = plan(run, in.height() / down(), in.width() / down());
        return new SdTask(plan, start(run, in, plan.sampler()), denoiser(run, in, plan), latents -> Controlled.image(run, latents, enlarged));
    }

    private int down() { return model.base().vae.config().downscale(); }

    private Sampler sampler(Options o) { return Samplers.DDPM.create(model.base().schedule, model.base().scheduler, o.get(STEPS)); }

    /** What the steps do. @param h of the latents */
    Plan plan(SdRun run, int h, int w) { return Controlled.plan(run, sampler(run.options), h, w); }

    private Tensor start(SdRun run, Image in, Sampler sampler) {
        int h = in.height() / down(), w = in.width() / down();
        Tensor noise = run.noise(h, w);
        if (run.options.get(START) == Start.NOISE && !run.beginsLater()) return noise;
        Vae.Gaussian photo = encoded(run, in);
        if (run.beginsLater()) return sampler.noised(photo.mean().mul(model.base().vae.config().scaling()), noise, 0);
        return start(photo, noise, run.otherNoise(h, w));
    }

    /** The photo's latents, not scaled. */
    Vae.Gaussian encoded(SdRun run, Image in) {
        TileSource image = TileSource.of(in, model.base().device, Wrap.NONE);
        return Vae.Gaussian.of(run.encode(image, in.height() / down(), in.width() / down(), run.options.get(VAE_TILE)));
    }

    /** As published, the photo's sampled latents with the noise of the last timestep, wherever the steps begin. */
    Tensor start(Vae.Gaussian photo, Tensor noise, Tensor drawn) {
        SdModel base = model.base();
        return base.schedule.noised(photo.sample(drawn).mul(base.vae.config().scaling()), noise, base.schedule.timesteps() - 1);
    }

    /** The networks with what the photo tells them, the tagger first. @param in the photo as the ControlNet sees it */
    Denoiser denoiser(SdRun run, Image in, Plan plan) {
        Tensor seen = model.tagger().embed(run.photo);
        String prompt = prompt(run.options, run.options.get(TAGS) == Tags.OWN ? Tagger.joined(model.tagger().tags(seen)) : "");
        List<Tensor> hints = model.base().hints(in, plan.grid(), model.hint()::forward);
        return new SeeSrDenoiser(model, hints, run.options.get(CONTROL), Controlled.states(run, plan, prompt), seen.to(model.base().dtype));
    }

    /** The published form of a prompt. */
    static String prompt(Options o, String tags) {
        AutoPrompt asked = AutoPrompt.of(PROMPT, o.get(PROMPT));
        String words = asked != null && asked.captioner() == null ? "" : AutoPrompt.words(o); // its own tags are what is asked for
        return tags + ", " + words + "," + o.get(ADDED_PROMPT);
    }

}
