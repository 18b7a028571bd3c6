package dev.faithdiff.restore.dreamclear;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.FIDELITY;
import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.CommonOptions.LONG_SIDE;
import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.RNG;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.SIZE;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;

import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.FloatImage;
import dev.faithdiff.image.Image;
import dev.faithdiff.networks.dreamclear.DreamClearConfig;
import dev.faithdiff.networks.dreamclear.DreamClearNet;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.restore.Finite;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.diffusion.AutoPrompt;
import dev.faithdiff.restore.diffusion.Guidance;
import dev.faithdiff.restore.diffusion.NoiseSchedule;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.sd.Cleaner;
import dev.faithdiff.restore.sd.RoundedSize;
import dev.faithdiff.restore.sd.SdRun;
import dev.faithdiff.restore.sd.SdSystem;
import dev.faithdiff.restore.sd.SdTask;
import dev.faithdiff.restore.tiles.Patch;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.restore.tiles.TileSource;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * DreamClear (Ai et al. 2024): a SwinIR cleans the photo, and PixArt-alpha, which both the photo and the cleaned one steer, makes a sharp image
 * of noise. Source: test.py and IDDPM.
 */
record DreamClear(DreamClearModel model) implements SdSystem {
    /** What denoising starts from. */
    enum Start {
        /** The cleaned photo's with the noise of the first step (the published option lre). */
        CLEANED,
        /** Noise alone. */
        NOISE;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    static final Option<Start> START = Option.choice("start", Start.CLEANED,
            "What denoising starts from. cleaned: the latents of the cleaned photo with "
            + "the noise of the first step. noise: noise alone.");
    static final Option<DreamClearSampler> SAMPLER = Option.choice("sampler", DreamClearSampler.IDDPM, "Sampler that removes the noise. dpm-solver "
            + "draws none, and needs fewer steps.");
    static final List<Option<?>> OPTIONS = List.of(SCALE, SIZE, LONG_SIDE, PROCESS_SIZE, SAMPLER, STEPS, GUIDANCE, SEED, RNG, STRENGTH, FIDELITY,
            GUARD, PROMPT, COLOR_FIX, START, TILE, OVERLAP, Cleaner.TILE, VAE_TILE);
    private static final int PROCESS = 1024, PUBLISHED_STEPS = 50, TILE_PIXELS = 1024;
    private static final double PUBLISHED_SCALE = 4, PUBLISHED_GUIDANCE = 4.5, STRIDE = 0.75;

    @Override public String name() { return "DreamClear"; }

    @Override public List<Option<?>> options() { return OPTIONS; }

    @Override public Options defaults() {
        return Options.defaults().with(SCALE, PUBLISHED_SCALE).with(PROCESS_SIZE, PROCESS).with(STEPS, PUBLISHED_STEPS)
                .with(GUIDANCE, PUBLISHED_GUIDANCE).with(COLOR_FIX, ColorFix.WAVELET).with(TILE, TILE_PIXELS).with(OVERLAP, STRIDE);
    }

    @Override public void check(Options o) {
        o.get(SAMPLER).of(o.get(STEPS));
        model.cleaner().check(o);
        int multiple = DreamClearConfig.PATCH * down();
        if (o.get(TILE) % multiple != 0) throw new IllegalArgumentException("tile must be a multiple of " + multiple + ", not " + o.get(TILE));
    }

    @Override public SdTask begin(SdRun run) {
        Image in = RoundedSize.enlarged(run.photo, run.size, run.options);
        int h = in.height() / down(), w = in.width() / down();
        FloatImage cleaned = cleaned(run, in);
        Tensor lq = latents(run, TileSource.of(tensor(FloatImage.of(in)).affine(2, -1)), h, w);
        Tensor pre = latents(run, TileSource.of(tensor(cleaned).affine(2, -1)), h, w);
        Plan plan = plan(run, h, w);
        Tensor start = start(run, plan.sampler(), pre);
        DreamClearDenoiser denoiser = denoiser(run.options, plan, lq, pre);
        return new SdTask(plan, start, denoiser, clean -> image(run, aligned(run.options, decoded(run, clean), cleaned)));
    }

    private int down() { return model.base().vae.config().downscale(); }

    private Tensor tensor(FloatImage image) { return image.toTensor().to(model.base().device); }

    /** The photo without noise, blur and compression, in 0..1. */
    FloatImage cleaned(SdRun run, Image in) {
        Tensor x = Finite.require(() -> tensor(model.cleaner().clean(run, FloatImage.of(in))), "the cleaner");
        return FloatImage.of(x.clamp(0, 1));
    }

    /** An image's latents on the scale of the diffusion. @param h of the latents */
    Tensor latents(SdRun run, TileSource image, int h, int w) {
        return Vae.Gaussian.of(run.encode(image, h, w, run.options.get(VAE_TILE))).mean().mul(model.base().vae.config().scaling());
    }

    /** What the steps do. The denoiser guides by itself and says clean latents. @param h of the latents */
    Plan plan(SdRun run, int h, int w) {
        Options o = run.options;
        int side = o.get(TILE) / down(), stride = (int) Math.round(side * o.get(OVERLAP));
        NoiseSchedule schedule = new NoiseSchedule(new float[0], NoiseSchedule.Spacing.LINSPACE, 0, NoiseSchedule.Prediction.SAMPLE, null);
        return new Plan(schedule, run.within(o.get(SAMPLER).of(o.get(STEPS))), new Guidance(1, 0), null,
                TileGrid.square(h, w, side, side - stride, false), true);
    }

    /** The first latents. @param pre those of the cleaned photo */
    Tensor start(SdRun run, Sampler sampler, Tensor pre) {
        Tensor noise = run.noise(pre.size(1), pre.size(2));
        return run.options.get(START) == Start.NOISE && !run.beginsLater() ? noise : sampler.noised(pre, noise, 0);
    }

    DreamClearDenoiser denoiser(Options o, Plan plan, Tensor lq, Tensor pre) {
        DType type = model.base().dtype;
        Tensor states = Finite.require(() -> model.captions().of(AutoPrompt.words(o)), "the text encoder");
        Tensor text = model.net().text(states.to(type));
        List<DreamClearNet.Condition> conditions = new ArrayList<>();
        for (TileGrid.Tile t : plan.grid().tiles()) {
            conditions.add(model.net().condition(plan.grid().cut(lq, t).to(type), plan.grid().cut(pre, t).to(type)));
        }
        double scale = o.get(GUIDANCE) == null ? 1 : Math.max(1, o.get(GUIDANCE));
        return new DreamClearDenoiser(model.net(), type, text, conditions, (float) scale, o.get(SAMPLER).takesVariance(), plan.sampler().levels());
    }

    /** The image of clean latents in 0..1, beyond which some values are. @param clean with or without a variance behind them */
    FloatImage decoded(SdRun run, Tensor clean) {
        Patch all = run.decode(clean.slice(3, 0, model.net().config().channels()).mul(1), run.options.get(VAE_TILE));
        float[] rgb = all.values();
        for (int i = 0; i < rgb.length; i++) rgb[i] = (rgb[i] + 1) / 2;
        return new FloatImage(all.width(), all.height(), rgb);
    }

    /** In the colours of the cleaned photo. */
    static FloatImage aligned(Options o, FloatImage decoded, FloatImage cleaned) {
        ColorFix fix = o.get(COLOR_FIX);
        return switch (fix) {
            case WAVELET -> ColorFix.wavelet(decoded, cleaned);
            case ADAIN -> ColorFix.adain(decoded, cleaned);
            case NONE -> decoded;
            case LAB -> FloatImage.of(fix.apply(decoded.cut(8), cleaned.cut(8)));
        };
    }

    /** In the size that was asked for, and only then as samples. */
    static Image image(SdRun run, FloatImage aligned) {
        float[] rgb = aligned.rgb().clone();
        for (int i = 0; i < rgb.length; i++) rgb[i] = Math.clamp(rgb[i], 0f, 1f); // leaves what is no number to those who look for it
        return RoundedSize.resized(new FloatImage(aligned.width(), aligned.height(), rgb), run.size).cut(run.photo.bits());
    }
}
