package dev.faithdiff.restore.supir;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.CHURN;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static dev.faithdiff.restore.sd.ControlOptions.CONTROL;
import static dev.faithdiff.restore.sd.SdRestorer.ADDED_PROMPT;
import static dev.faithdiff.restore.supir.SupirOptions.CONTROL_START;
import static dev.faithdiff.restore.supir.SupirOptions.GUIDANCE_START;
import static dev.faithdiff.restore.supir.SupirOptions.NOISE;
import static dev.faithdiff.restore.supir.SupirOptions.RESTORATION;

import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.FloatImage;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Wrap;
import dev.faithdiff.networks.clip.PromptEncoder.Prompt;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.diffusion.AutoPrompt;
import dev.faithdiff.restore.diffusion.DiffusionOptions;
import dev.faithdiff.restore.diffusion.Guidance;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.sd.RoundedSize;
import dev.faithdiff.restore.sd.SdRun;
import dev.faithdiff.restore.sd.SdSystem;
import dev.faithdiff.restore.sd.SdTask;
import dev.faithdiff.restore.tiles.Patch;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.restore.tiles.TileSource;
import dev.faithdiff.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;

/**
 * SUPIR (Yu et al. 2024): an encoder that was trained on degraded photos finds the photo's latents, and SDXL makes a sharp image of noise while a
 * copy of its first half holds it to them. Source: test.py, SUPIR_model.py and util.py of github.com/Fanghua-Yu/SUPIR.
 */
record Supir(SupirModel model) implements SdSystem {
    @Override public String name() { return "Supir"; }

    @Override public List<Option<?>> options() { return SupirOptions.ALL; }

    @Override public Options defaults() { return SupirOptions.defaults(model.base().description()); }

    @Override public void check(Options o) {
        SupirSampler kind = sampler(o);
        kind.of(model.table(), o.get(STEPS), o.get(CHURN), o.get(NOISE));
        for (Option<?> own : List.of(RESTORATION, CONTROL_START)) {
            if (kind != SupirSampler.EDM && o.get(own) != null) throw new IllegalArgumentException("the sampler " + kind + " takes no " + own);
        }
    }

    private SupirSampler sampler(Options o) { return SupirOptions.sampler(o, model.base().description()); }

    @Override public SdTask begin(SdRun run) {
        Tensor photo = photo(run);
        int h = photo.size(1), w = photo.size(2);
        SupirSteps steps = steps(run, h, w);
        FloatImage seen = decoded(run, photo, "encode");
        boolean returns = run.beginsLater() || steps.pull() != null;
        Tensor noise = run.hostNoise(h, w), first = returns ? first(run, seen, noise) : null;
        Tensor start = start(run, steps, first, h, w);
        SupirDenoiser denoiser = new SupirDenoiser(model, steps, prompts(run, steps), photo, first);
        return new SdTask(steps.plan(), start, denoiser, latents -> image(run, decoded(run, latents, "decode"), seen));
    }

    /** Tiles of the photo as the encoder for degraded photos cleans it, in 8 bits (gradio_demo_tiled.py). */
    @Override public List<Image> tiles(SdRun run) {
        FloatImage seen = decoded(run, photo(run), "encode");
        Image cleaned = Image.fromFloats(seen.rgb(), seen.width(), seen.height());
        int down = down();
        TileGrid grid = grid(run.options, seen.height() / down, seen.width() / down);
        return grid.tiles().stream().map(t -> cleaned.crop(t.column() * down, t.row() * down, grid.tileWidth() * down, grid.tileHeight() * down))
                .toList();
    }

    private TileGrid grid(Options o, int h, int w) { return TileGrid.of(h, w, o.get(TILE) / down(), o.get(TILE) / down(), o.get(OVERLAP)); }

    private int down() { return model.base().vae.config().downscale(); }

    /** What the steps do. @param h of the latents */
    SupirSteps steps(SdRun run, int h, int w) {
        Options o = run.options;
        SupirSampler kind = sampler(o);
        double scale = o.get(GUIDANCE) == null ? 1 : o.get(GUIDANCE), start = o.get(GUIDANCE_START);
        Sampler sampler = run.within(kind.of(model.table(), o.get(STEPS), o.get(CHURN), o.get(NOISE)));
        Guidance most = DiffusionOptions.guidance(o, Math.max(scale, start));
        Plan plan = new Plan(model.base().schedule, sampler, most, DiffusionOptions.cache(o), grid(o, h, w), true);
        double control = o.get(CONTROL), controlStart = o.get(CONTROL_START) == null ? control : o.get(CONTROL_START);
        return new SupirSteps(plan, kind.raised(o.get(STEPS), o.get(CHURN)), new Ramp(start, scale), new Ramp(controlStart, control),
                o.get(RESTORATION));
    }

    private Tensor photo(SdRun run) {
        Image in = RoundedSize.enlarged(run.photo, run.size, run.options);
        return photo(run, TileSource.of(in, model.base().device, Wrap.NONE), in.height() / down(), in.width() / down());
    }

    /** The photo's latents as the encoder for degraded photos finds them, on the scale of the diffusion. */
    Tensor photo(SdRun run, TileSource in, int h, int w) {
        Tensor parameters = run.encode(model.robust(), in, h, w, run.options.get(VAE_TILE));
        return Vae.Gaussian.of(parameters).mean().mul(model.base().vae.config().scaling());
    }

    /** The image of latents, nominally -1..1. */
    FloatImage decoded(SdRun run, Tensor latents, String stage) {
        Patch all = run.decode(latents, run.options.get(VAE_TILE), stage);
        return new FloatImage(all.width(), all.height(), all.values());
    }

    /** A sample of the latents of the decoded photo, which predictions are drawn to and a lower strength begins at. */
    Tensor first(SdRun run, FloatImage seen, Tensor noise) {
        Tensor image = seen.toTensor().to(model.base().device);
        Tensor parameters = run.encode(TileSource.of(image), noise.size(1), noise.size(2), run.options.get(VAE_TILE));
        return Vae.Gaussian.of(parameters).sample(noise).mul(model.base().vae.config().scaling());
    }

    /** The first latents, with the noise that is added before the first step. */
    Tensor start(SdRun run, SupirSteps steps, Tensor first, int h, int w) {
        Sampler sampler = steps.plan().sampler();
        if (run.beginsLater()) return sampler.noised(first, run.noise(h, w), 0);
        Tensor x = run.noise(h, w).mul(sampler.initNoiseSigma());
        if (steps.raised() == 0) return x;
        double sigma = steps.sigma(0), before = sigma / (1 + steps.raised());
        return x.add(run.noise(h, w).mul((float) (run.options.get(NOISE) * Math.sqrt(sigma * sigma - before * before))));
    }

    /** The texts of all tiles, or of each: a row, or negative prompt and prompt. */
    List<Prompt> prompts(SdRun run, SupirSteps steps) {
        Options o = run.options;
        String added = o.get(ADDED_PROMPT), against = o.get(NEGATIVE) == null ? "" : o.get(NEGATIVE);
        List<String> each = AutoPrompt.ofTiles(o), texts = each == null ? List.of(AutoPrompt.words(o)) : each;
        int tiles = steps.plan().tiles();
        if (each != null && texts.size() != tiles) {
            throw new IllegalArgumentException("tile-prompts has " + texts.size() + " texts, but there are " + tiles + " tiles");
        }
        // As published, nothing is between caption and added words.
        Stream<String> whole = texts.stream().map(text -> text + added);
        return whole.map(text -> steps.plan().guidance().active() ? run.prompts(against, text) : run.prompts(text)).toList();
    }

    /** The decoded image in the colours of the photo as its latents have it, and in the size that was asked for. */
    static Image image(SdRun run, FloatImage decoded, FloatImage seen) {
        int bits = run.photo.bits();
        ColorFix fix = run.options.get(COLOR_FIX);
        float[] rgb = switch (fix) {
            case WAVELET -> ColorFix.wavelet(decoded, seen).rgb();
            case ADAIN -> ColorFix.adain(decoded, seen).rgb();
            case NONE -> decoded.rgb();
            case LAB -> fix.apply(cut(decoded.rgb(), decoded.width(), decoded.height(), bits), cut(seen.rgb(), seen.width(), seen.height(), bits))
                    .toFloats();
        };
        return resized(rgb, decoded.width(), decoded.height(), run.size, bits);
    }

    /** In another size, and only then as samples. @param rgb in -1..1 */
    static Image resized(float[] rgb, int width, int height, ResultSize size, int bits) {
        return cut(RoundedSize.resized(new FloatImage(width, height, rgb), size).rgb(), size.width(), size.height(), bits);
    }

    private static Image cut(float[] rgb, int width, int height, int bits) { return Image.cutFloats(rgb, width, height, bits); }
}
