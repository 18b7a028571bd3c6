package dev.faithdiff;

import static dev.faithdiff.FaithDiff.CONDITION;
import static dev.faithdiff.FaithDiff.START;
import static dev.faithdiff.restore.CommonOptions.MARGIN;
import static dev.faithdiff.restore.CommonOptions.RNG;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.CommonOptions.WRAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT_MODE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;

import dev.faithdiff.image.Image;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.networks.clip.PromptEncoder.Prompt;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.restore.Finite;
import dev.faithdiff.restore.HeatMap;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.diffusion.Attribution;
import dev.faithdiff.restore.diffusion.AutoPrompt;
import dev.faithdiff.restore.diffusion.Denoising;
import dev.faithdiff.restore.diffusion.DiffusionLoop;
import dev.faithdiff.restore.diffusion.DiffusionOptions;
import dev.faithdiff.restore.diffusion.EulerSampler;
import dev.faithdiff.restore.diffusion.Guidance;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.diffusion.PromptMode;
import dev.faithdiff.restore.diffusion.ResumeFile;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.diffusion.Samplers;
import dev.faithdiff.restore.diffusion.TiledVae;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.restore.tiles.TileSource;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** One restoration, from the enlarged and padded photo to the decoded image of the same size (FaithDiff pipeline __call__). */
final class FaithDiffRun implements DiffusionLoop.Watcher {
    /**
     * A photo as the networks see it.
     *
     * @param condition of the U-Net, by tile
     * @param latents   mean and log variance, not scaled; null where nothing needs them
     */
    private record Encoded(IntFunction<Tensor> condition, Tensor latents) {}

    private final Model model;
    private final Options options;
    private final Listener listener;
    private final UnaryOperator<Image> display;
    private final Image in;
    private final int h, w;
    private final Plan plan;
    private final Attribution attribution;
    private final ResumeFile file;
    private final ResumeFile.State saved;
    private final long bytes;
    private final TiledVae vae;
    private final Rng rng;

    /**
     * A restoration whose tensors belong to the current scope.
     *
     * @param file    what to go on from, and where every step is saved; null: neither
     * @param display makes a preview of a decoded image
     */
    FaithDiffRun(Model model, Options options, Image in, ResumeFile file, Listener listener, UnaryOperator<Image> display) {
        this.model = model;
        this.options = options;
        this.listener = listener;
        this.display = display;
        this.in = in;
        this.file = file;
        h = in.height() / model.vae.config().downscale();
        w = in.width() / model.vae.config().downscale();
        plan = new Plan(model.schedule, sampler(model, options), guidance(), DiffusionOptions.cache(options), grid());
        attribution = new Attribution(plan.grid(), listener.words(), word -> model.text.places(AutoPrompt.words(options), word, windows()));
        saved = file == null ? null : file.read(model.device);
        bytes = saved == null ? model.budget() : saved.bytes();
        vae = new TiledVae(model.vae, model.device, model.dtype, options.get(VAE_TILE), bytes, options.get(WRAP));
        rng = generator(options.get(SEED));
        if (saved != null) rng.restore(saved.rng());
    }

    Image run() {
        listener.at("encode", 0, 0);
        Encoded photo = encode();
        Prompt prompt = prompt();
        Tensor latents = denoise(photo, prompt);
        listener.at("decode", 0, 0);
        return decode(photo, latents);
    }

    /** The wanted words' maps in the size of the image, after {@link #run}. */
    Map<String, HeatMap> maps() { return attribution.maps(in.width(), in.height()); }

    private Encoded encode() {
        boolean needsLatents = model.addsChange() || saved == null && options.get(START) != FaithDiff.Start.NOISE;
        TiledCondition conditions = new TiledCondition(model, options.get(VAE_TILE), bytes, options.get(WRAP));
        int tiles = conditions.featureTiles(h, w).count() + (needsLatents ? vae.encodeTiles(h, w).count() : 0);
        Runnable afterTile = counter("encode", tiles);
        TileSource photo = TileSource.of(in, model.device, options.get(WRAP));
        IntFunction<Tensor> condition = conditions.of(photo, plan.grid(), options.get(CONDITION), afterTile);
        Supplier<Tensor> latents = () -> vae.encode(photo, h, w, afterTile);
        return new Encoded(condition, needsLatents ? Finite.require(latents, "the autoencoder's encoder") : null);
    }

    /** One row, or negative prompt and prompt where guidance is active. */
    private Prompt prompt() {
        String text = AutoPrompt.words(options), negative = negative();
        if (options.get(PROMPT_MODE) == PromptMode.CUT) for (String given : Arrays.asList(text, negative)) warnOfCut(model.text.beyond(given));
        int windows = windows();
        Prompt prompt = model.text.encode(text, windows);
        Prompt rows = plan.guidance().active() ? model.text.encode(negative, windows).with(prompt) : prompt;
        Finite.require(rows::states, "the text encoders");
        return rows;
    }

    private String negative() { return plan.guidance().active() ? options.get(NEGATIVE) : null; }

    /** How many windows of tokens are read. */
    private int windows() {
        if (options.get(PROMPT_MODE) == PromptMode.CUT) return 1;
        return Math.max(model.text.windows(AutoPrompt.words(options)), model.text.windows(negative()));
    }

    private void warnOfCut(List<String> words) {
        if (words.isEmpty()) return;
        listener.warn("the model reads 75 tokens of a prompt, so " + words.size() + (words.size() == 1 ? " word is" : " words are") + " cut off: '"
                + ModelError.clean(String.join(" ", words)) + "'; the prompt mode 'windows' reads them, too");
    }

    private Tensor denoise(Encoded photo, Prompt prompt) {
        FaithDiffDenoiser.Sizes sizes = new FaithDiffDenoiser.Sizes(in.height(), in.width(), options.get(TILE), options.get(TILE));
        try (Denoising d = saved == null ? new Denoising(plan, start(photo), 0) : saved.denoising(plan); Scope s = Scope.open();
                FaithDiffDenoiser network = new FaithDiffDenoiser(model, prompt, photo.condition, plan.grid(), sizes, attribution)) {
            listener.at("denoise", d.step(), plan.steps());
            return s.keep(new DiffusionLoop(plan, attribution.over(network), this::tileNoise, this).run(d));
        }
    }

    /** The first latents. Noise is drawn in the published order. */
    private Tensor start(Encoded photo) {
        if (startsFromPhoto()) return mean(photo);
        Tensor noise = noise(rng, h, w);
        if (options.get(START) == FaithDiff.Start.NOISE) return noise.mul(plan.sampler().initNoiseSigma());
        try (Scope s = Scope.open()) {
            if (options.get(STRENGTH) < 1) return s.keep(plan.sampler().noised(mean(photo), noise, 0));
            // As published, noise that already has the sampler's scale is added at the last timestep.
            Tensor drawn = Vae.Gaussian.of(photo.latents).sample(noise(generator(~options.get(SEED)), h, w)).mul(model.vae.config().scaling());
            return s.keep(model.schedule.noised(drawn, noise.mul(plan.sampler().initNoiseSigma()), model.schedule.timesteps() - 1));
        }
    }

    private Image decode(Encoded photo, Tensor latents) {
        Runnable afterTile = counter("decode", vae.decodeTiles(h, w).count());
        if (!model.addsChange()) return Finite.image(() -> vae.decode(latents, in.bits(), afterTile), in);
        double strength = startsFromPhoto() ? options.get(STRENGTH) : 1;
        return Finite.image(() -> vae.decodeChange(mean(photo), latents, in, strength, afterTile), in);
    }

    @Override public void step(Denoising at, Supplier<Tensor> clean) {
        if (file != null) file.write(at, rng, bytes);
        listener.at("denoise", at.step(), plan.steps());
        listener.preview(at.step(), plan.steps(), () -> preview(clean));
    }

    @Override public void tile(int tile, int tiles) {
        if (tiles > 1) listener.tile("denoise", tile, tiles);
    }

    private Image preview(Supplier<Tensor> clean) {
        try (Scope _ = Scope.open()) {
            return display.apply(vae.decode(clean.get(), 8, () -> {}));
        }
    }

    /** A task for after each tile, which tells the listener. Tiles that are done again to find a fault are not told of. */
    private Runnable counter(String stage, int tiles) {
        int[] done = {0};
        return () -> {
            if (tiles > 1 && done[0] < tiles) listener.tile(stage, ++done[0], tiles);
        };
    }

    private boolean startsFromPhoto() { return options.get(START) == FaithDiff.Start.PHOTO; }

    /** @throws IllegalArgumentException in one line if the sampler cannot take so many steps */
    static Sampler sampler(Model model, Options options) {
        if (options.get(START) == FaithDiff.Start.PHOTO) return EulerSampler.oneStep(model.schedule, model.config.integer("one_step_timestep"));
        return Samplers.of(options, model.schedule, model.scheduler).within(options.get(STRENGTH));
    }

    /** Guidance changes nothing for a model that reads no text. */
    private Guidance guidance() {
        double scale = options.get(GUIDANCE) == null ? model.config.number("guidance_scale", 5) : options.get(GUIDANCE);
        return DiffusionOptions.guidance(options, model.text.readsText() ? scale : 1);
    }

    /** The margin makes tiles larger, so that it makes no more of them. */
    private TileGrid grid() {
        int tile = (options.get(TILE) + 2 * options.get(MARGIN)) / model.vae.config().downscale();
        return TileGrid.of(h, w, tile, tile, options.get(OVERLAP), options.get(WRAP));
    }

    /** The photo's mean latents on the scale of the diffusion. */
    private Tensor mean(Encoded photo) { return Vae.Gaussian.of(photo.latents).mean().mul(model.vae.config().scaling()); }

    private Rng generator(long seed) { return options.get(RNG).of(seed); }

    private Tensor tileNoise() { return noise(rng, plan.grid().tileHeight(), plan.grid().tileWidth()); }

    /** Standard normal latents, drawn in the published order of channel, row, column. */
    private Tensor noise(Rng rng, int height, int width) {
        int channels = model.vae.config().latentChannels();
        return Tensor.of(rng.randn(channels * height * width), 1, channels, height, width).permute(0, 2, 3, 1).to(model.device);
    }
}
