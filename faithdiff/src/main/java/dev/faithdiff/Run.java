package dev.faithdiff;

import static dev.faithdiff.FaithDiff.CONDITION;
import static dev.faithdiff.FaithDiff.START;
import static dev.faithdiff.restore.CommonOptions.MARGIN;
import static dev.faithdiff.restore.CommonOptions.RNG;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.RESCALE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.SAMPLER;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;

import dev.faithdiff.image.Image;
import dev.faithdiff.networks.clip.PromptEncoder.Prompt;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.restore.Finite;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.diffusion.Denoising;
import dev.faithdiff.restore.diffusion.EulerSampler;
import dev.faithdiff.restore.diffusion.Guidance;
import dev.faithdiff.restore.diffusion.ResumeFile;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.diffusion.Samplers;
import dev.faithdiff.restore.tiles.BlendedTiles;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** One restoration, from the enlarged and padded image to the decoded one of the same size. */
final class Run {
    private final Model model;
    private final Restoration restoration;
    private final Options options;
    private final Listener listener;
    private final Image in;
    private final int h, w;
    private final Sampler sampler;
    private final boolean isWhole, startsFromPhoto;
    private final TileGrid grid;

    Run(Model model, Options options, Listener listener, Image in) {
        this.model = model;
        this.options = options;
        this.listener = listener;
        this.in = in;
        restoration = new Restoration(model);
        int down = model.vae.config().downscale(), tile = (options.get(TILE) + 2 * options.get(MARGIN)) / down; // a margin makes no further tiles
        h = in.height() / down;
        w = in.width() / down;
        Samplers kind = options.get(SAMPLER) == null ? Samplers.of(model.scheduler) : options.get(SAMPLER);
        startsFromPhoto = options.get(START) == FaithDiff.Start.PHOTO;
        isWhole = options.get(STRENGTH) == 1 || startsFromPhoto;
        Sampler all = startsFromPhoto ? EulerSampler.oneStep(model.schedule, model.config.integer("one_step_timestep"))
                : kind.create(model.schedule, model.scheduler, options.get(STEPS));
        sampler = isWhole ? all : all.from(first(all.timesteps(), options.get(STRENGTH)));
        grid = TileGrid.of(h, w, tile, tile, options.get(OVERLAP));
    }

    /** The first step at a timestep of no more than {@code strength} times the highest; the last step where none is that low. */
    private static int first(double[] timesteps, double strength) {
        int first = 0;
        while (first < timesteps.length - 1 && timesteps[first] > strength * timesteps[0]) first++;
        return first;
    }

    /**
     * Does it.
     *
     * @param file    what to go on from and to save every step to; null: neither
     * @param display what is still done to a decoded image, for previews
     */
    Image run(Path file, UnaryOperator<Image> display) {
        ResumeFile resume = file == null ? null
                : new ResumeFile(file, model.digest(), model.device, model.dtype, options.values(FaithDiff.OPTIONS), in);
        int steps = sampler.timesteps().length;
        try (Scope _ = Scope.open()) {
            ResumeFile.State saved = resume == null ? null : resume.read(model.device);
            listener.at("encode", 0, 0);
            long bytes = saved == null ? ImageNetworks.budget(model) : saved.bytes();
            ImageNetworks networks = new ImageNetworks(model, options.get(VAE_TILE), bytes);
            boolean isEncoded = model.addsChange() || saved == null && options.get(START) != FaithDiff.Start.NOISE;
            int tiles = networks.featureTiles(h, w).count() + (isEncoded ? networks.encodeTiles(h, w).count() : 0);
            Restoration.Condition condition = condition(networks, tiles);
            Tensor photo = isEncoded ? encode(networks, tiles) : null;
            Guidance guidance = guidance();
            Prompt prompt = prompt(guidance.active());
            Rng rng = generator(options.get(SEED));
            if (saved != null) rng.restore(saved.rng());
            Tensor latents;
            try (Denoising d = saved != null ? saved.denoising(sampler, grid.tiles().size())
                    : new Denoising(start(photo, rng), 0, sampler, grid.tiles().size())) {
                listener.at("denoise", d.step(), steps);
                int[] size = {in.height(), in.width()}, target = {options.get(TILE), options.get(TILE)};
                latents = restoration.denoise(d, condition, prompt, sampler, guidance, grid, size, target,
                        () -> noise(rng, grid.tileHeight(), grid.tileWidth()), new Restoration.After() {
                            @Override public void step(Denoising at, Supplier<Tensor> clean) {
                                if (resume != null) resume.write(at, rng, bytes);
                                listener.at("denoise", at.step(), steps);
                                listener.preview(at.step(), steps, () -> preview(networks, clean, display));
                            }

                            @Override public void tile(int tile, int tiles) { told("denoise", tile, tiles); }
                        });
            }
            listener.at("decode", 0, 0);
            ImageNetworks decoder = telling(networks, "decode", 0, networks.decodeTiles(h, w).count());
            return Finite.image(() -> model.addsChange() ? decoder.decodeChange(mean(photo), latents, in, startsFromPhoto ? options.get(STRENGTH) : 1)
                    : decoder.decode(latents, in.bits()), in);
        }
    }

    /** @param tiles of the whole stage */
    private Restoration.Condition condition(ImageNetworks networks, int tiles) {
        Supplier<Tensor> features = () -> Finite.require(() -> telling(networks, "encode", 0, tiles).features(parts(), h, w), "the LQ encoder");
        if (options.get(CONDITION) == FaithDiff.Condition.TILE) return restoration.condition(features.get(), grid);
        try (Scope s = Scope.open()) {
            Tensor of = features.get();
            return Restoration.Condition.cut(s.keep(Finite.require(() -> networks.condition(of), "the alignment module")), grid);
        }
    }

    /** Networks that tell of a stage's tiles. @param before tiles that are done already, of {@code tiles} */
    private ImageNetworks telling(ImageNetworks networks, String stage, int before, int tiles) {
        int[] done = {before};
        return networks.afterTile(() -> told(stage, ++done[0], tiles));
    }

    private void told(String stage, int tile, int tiles) {
        if (tiles > 1) listener.tile(stage, tile, tiles);
    }

    private Image preview(ImageNetworks networks, Supplier<Tensor> clean, UnaryOperator<Image> display) {
        try (Scope _ = Scope.open()) {
            return display.apply(networks.decode(clean.get(), 8));
        }
    }

    /** Mean and log variance of the image's latents. @param tiles of the whole stage, whose last are the autoencoder's */
    private Tensor encode(ImageNetworks networks, int tiles) {
        int before = networks.featureTiles(h, w).count();
        return Finite.require(() -> telling(networks, "encode", before, tiles).encode(parts(), h, w), "the autoencoder's encoder");
    }

    /** The image's mean latents on the scale of the diffusion. */
    private Tensor mean(Tensor photo) { return Vae.Gaussian.of(photo).mean().mul(model.vae.config().scaling()); }

    /** The first latents; the order of draws is the published one. @param photo mean and log variance of the image's latents */
    private Tensor start(Tensor photo, Rng rng) {
        if (startsFromPhoto) return mean(photo);
        Tensor noise = noise(rng, h, w);
        if (options.get(START) == FaithDiff.Start.NOISE) return noise.mul(sampler.initNoiseSigma());
        if (!isWhole) return restoration.startWithin(photo, noise, sampler);
        return restoration.startFromImage(photo, noise, noise(generator(~options.get(SEED)), h, w), sampler.initNoiseSigma());
    }

    /** Parts of the image as tensors, so that only a part is held as floats. */
    private BlendedTiles.Source parts() {
        return (top, left, height, width) -> Tensor.of(in.crop(left, top, width, height).toFloats(), 1, height, width, 3).to(model.device);
    }

    /** Guidance changes nothing for a model that reads no text. */
    private Guidance guidance() {
        double scale = options.get(GUIDANCE) == null ? model.config.number("guidance_scale", 5) : options.get(GUIDANCE);
        return new Guidance(model.text.readsText() ? scale : 1, options.get(RESCALE));
    }

    private Prompt prompt(boolean guided) {
        Prompt prompt = model.text.encode(options.get(PROMPT));
        if (guided) prompt = model.text.encode(options.get(NEGATIVE)).with(prompt);
        Prompt both = prompt;
        Finite.require(() -> both.states(), "the text encoders");
        return prompt;
    }

    private Rng generator(long seed) { return options.get(RNG).of(seed); }

    /** Standard normal latents, drawn in the published order of channel, row, column. */
    private Tensor noise(Rng rng, int height, int width) {
        int channels = model.vae.config().latentChannels();
        return Tensor.of(rng.randn(channels * height * width), 1, channels, height, width).permute(0, 2, 3, 1).to(model.device);
    }
}
