package dev.faithdiff.restore.sd;

import static dev.faithdiff.restore.CommonOptions.RNG;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.Wrap;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.networks.clip.PromptEncoder.Prompt;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.restore.Finite;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.RandomNumbers;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.diffusion.Denoising;
import dev.faithdiff.restore.diffusion.DiffusionLoop;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.diffusion.ResumeFile;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.diffusion.TiledVae;
import dev.faithdiff.restore.tiles.Patch;
import dev.faithdiff.restore.tiles.SideBySideTiles;
import dev.faithdiff.restore.tiles.TileSink;
import dev.faithdiff.restore.tiles.TileSource;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.List;
import java.util.function.Supplier;

/** One restoration in several steps, and what a system needs to begin it. Its tensors belong to the scope that is open. */
public final class SdRun {
    /** The published margins of the autoencoder's tiles, in pixels and in latents. */
    private static final int MARGIN = 32, LATENT_MARGIN = 11;

    public final SdModel model;
    /** The photo as it is. */
    public final Image photo;
    /** The size of the result. */
    public final ResultSize size;
    public final Options options;
    public final Listener listener;
    private final ResumeFile file;
    private final ResumeFile.State saved;
    private final long bytes;
    private final Rng rng;
    private final NoiseSource given;
    private boolean previews;

    /** Gives standard normal latents {@code [1, h, w, C]}. */
    @FunctionalInterface
    public interface NoiseSource {
        Tensor of(int h, int w);
    }

    /** @param file what to go on from, and where every step is saved; null: neither */
    SdRun(SdModel model, Image photo, ResultSize size, Options options, Listener listener, ResumeFile file) {
        this(model, photo, size, options, listener, file, null);
    }

    /** @param given null: noise is drawn from the seed */
    private SdRun(SdModel model, Image photo, ResultSize size, Options options, Listener listener, ResumeFile file, NoiseSource given) {
        this.model = model;
        this.photo = photo;
        this.size = size;
        this.options = options;
        this.listener = listener;
        this.file = file;
        this.given = given;
        saved = file == null ? null : file.read(model.device);
        bytes = saved == null ? model.budget() : saved.bytes();
        rng = options.get(RNG).of(options.get(SEED));
    }

    /** A run with given noise in the place of random numbers, to compare with a published one. */
    public static SdRun given(SdModel model, Image photo, ResultSize size, Options options, Listener listener, NoiseSource noise) {
        return new SdRun(model, photo, size, options, listener, null, noise);
    }

    /** The image that a system makes of the photo. */
    Image of(SdSystem system) {
        listener.at("encode", 0, 0);
        SdTask task = system.begin(this);
        Tensor latents = denoise(task);
        listener.at("decode", 0, 0);
        return Finite.image(() -> task.image().apply(latents), photo);
    }

    private Tensor denoise(SdTask task) {
        Plan plan = task.plan();
        if (saved != null) rng.restore(saved.rng());
        Tensor first = task.start();
        int height = plan.joined() ? first.size(1) : plan.grid().tileHeight(), width = plan.joined() ? first.size(2) : plan.grid().tileWidth();
        try (Denoising d = saved == null ? new Denoising(plan, first, 0) : saved.denoising(plan); Scope s = Scope.open()) {
            listener.at("denoise", d.step(), plan.steps());
            return s.keep(new DiffusionLoop(plan, task.denoiser(), () -> noise(height, width), new Steps(task)).run(d));
        }
    }

    /** Saves each step, and tells the listener of it. */
    private final class Steps implements DiffusionLoop.Watcher {
        private final SdTask task;

        Steps(SdTask task) { this.task = task; }

        @Override public void step(Denoising at, Supplier<Tensor> clean) {
            int steps = task.plan().steps();
            if (file != null) file.write(at, rng, bytes);
            listener.at("denoise", at.step(), steps);
            listener.preview(at.step(), steps, () -> preview(clean));
        }

        @Override public void tile(int tile, int tiles) { if (tiles > 1) listener.tile("denoise", tile, tiles); }

        private Image preview(Supplier<Tensor> clean) {
            previews = true;
            try (Scope _ = Scope.open()) {
                return task.image().apply(clean.get());
            } finally {
                previews = false;
            }
        }
    }

    /** How many bytes a network may hold that sees a whole image. */
    public long bytes() { return bytes; }

    /** Standard normal latents {@code [1, h, w, C]}, the next ones of the seed, drawn in the published order of channel, row, column. */
    public Tensor noise(int h, int w) { return noise(rng, h, w); }

    /** As {@link #noise(int, int)}, the first ones of another seed, for what published code draws from a generator that it does not seed. */
    public Tensor otherNoise(int h, int w) { return noise(options.get(RNG).of(~options.get(SEED)), h, w); }

    /**
     * As {@link #noise(int, int)}, for what published code draws on the CPU even where it draws all else on a GPU: with the random numbers of CUDA
     * the first ones of the seed on the CPU.
     */
    public Tensor hostNoise(int h, int w) {
        return options.get(RNG) == RandomNumbers.CPU ? noise(h, w) : noise(RandomNumbers.CPU.of(options.get(SEED)), h, w);
    }

    private Tensor noise(Rng rng, int h, int w) {
        if (given != null) return given.of(h, w);
        int channels = model.vae.config().latentChannels();
        return Tensor.of(rng.randn(channels * h * w), 1, channels, h, w).permute(0, 2, 3, 1).to(model.device);
    }

    /** The sampler's steps that the strength leaves: a lower one begins later, with less noise. */
    public Sampler within(Sampler sampler) { return options.get(STRENGTH) < 1 ? sampler.within(options.get(STRENGTH)) : sampler; }

    /** Whether the steps begin later, at the photo's latents with {@link Sampler#noised the noise} of the first step that is left. */
    public boolean beginsLater() { return options.get(STRENGTH) < 1; }

    /** The states {@code [texts, 77, width]} of texts, in the type of activations. The listener hears of words that are cut off. */
    public Tensor states(String... texts) {
        for (String text : texts) warnOfCut(model.text.beyond(text));
        return Finite.require(() -> {
            try (Scope s = Scope.open()) {
                Tensor[] states = new Tensor[texts.length];
                for (int i = 0; i < texts.length; i++) states[i] = model.text.encode(texts[i]).to(model.dtype);
                Tensor all = states[0];
                for (int i = 1; i < texts.length; i++) all = all.concat(0, states[i]);
                return s.keep(all.mul(1));
            }
        }, "the text encoder");
    }

    /** As {@link #states}, and pooled texts, in SDXL. */
    public Prompt prompts(String... texts) {
        for (String text : texts) warnOfCut(model.prompts.beyond(text));
        Prompt rows = model.prompts.encode(texts[0]);
        for (int i = 1; i < texts.length; i++) rows = rows.with(model.prompts.encode(texts[i]));
        Finite.require(rows::states, "the text encoders");
        return rows;
    }

    private void warnOfCut(List<String> words) {
        if (words.isEmpty()) return;
        listener.warn("the model reads 75 tokens of a prompt, so " + words.size() + (words.size() == 1 ? " word is" : " words are") + " cut off: '"
                + ModelError.clean(String.join(" ", words)) + "'");
    }

    /**
     * Mean and log variance {@code [1, h, w, 2*C]} of an image's latents, not scaled.
     *
     * @param image in -1..1, of {@code h} times {@code w} latents
     * @param tile  side of the published tiles of the autoencoder in pixels, which go through it side by side; 0: the whole image where memory
     *              suffices, else tiles that fit
     */
    public Tensor encode(TileSource image, int h, int w, int tile) { return encode(model.vae, image, h, w, tile); }

    /** As {@link #encode(TileSource, int, int, int)}. @param with another encoder */
    public Tensor encode(Vae with, TileSource image, int h, int w, int tile) {
        TiledVae vae = vae(with);
        int down = model.vae.config().downscale(), channels = 2 * model.vae.config().latentChannels();
        SideBySideTiles tiles = new SideBySideTiles(h * down, w * down, tile, MARGIN);
        boolean whole = tile == 0 || tiles.isWhole();
        Runnable afterTile = counter("encode", whole ? vae.encodeTiles(h, w).count() : 1);
        return Finite.require(() -> {
            if (tile == 0) return vae.encode(image, h, w, afterTile);
            try (Scope s = Scope.open()) {
                if (whole) return s.keep(with.encode(image.part(0, 0, h * down, w * down).to(model.imageType)).to(DType.F32));
                Tensor all = Tensor.empty(Device.CPU, DType.F32, Shape.of(1, h, w, channels));
                tiles.apply(image, model.imageType, with::encode, 1, down, TileSink.into(all));
                return s.keep(all.to(model.device));
            }
        }, "the autoencoder's encoder");
    }

    /** The decoded image of latents on the scale of the diffusion, nominally -1..1. @param tile as in {@link #encode} */
    public Patch decode(Tensor latents, int tile) { return decode(latents, tile, "decode"); }

    /** As {@link #decode(Tensor, int)}. @param stage to which this belongs */
    public Patch decode(Tensor latents, int tile, String stage) {
        TiledVae vae = vae(model.vae);
        int h = latents.size(1), w = latents.size(2), down = model.vae.config().downscale();
        SideBySideTiles tiles = new SideBySideTiles(h, w, tile / down, LATENT_MARGIN);
        Runnable afterTile = previews ? () -> {} : counter(stage, tile == 0 ? vae.decodeTiles(h, w).count() : 1);
        try (Scope _ = Scope.open()) {
            Tensor image = Tensor.empty(Device.CPU, DType.F32, Shape.of(1, h * down, w * down, 3));
            TileSink sink = TileSink.into(image).then(afterTile);
            Tensor z = latents.mul(1 / model.vae.config().scaling());
            if (tile == 0) vae.decode(latents, sink);
            else if (tiles.isWhole()) return new Patch(h * down, w * down, 3, model.vae.decode(z.to(model.imageType)).toFloats());
            else tiles.apply(TileSource.of(z), model.imageType, model.vae::decode, down, 1, sink);
            return new Patch(h * down, w * down, 3, image.toFloats());
        }
    }

    private TiledVae vae(Vae vae) { return new TiledVae(vae, model.device, model.imageType, 0, bytes, Wrap.NONE); }

    /** A task for after each of a stage's tiles, which tells the listener. Tiles that are done again to find a fault are not told of. */
    public Runnable counter(String stage, int tiles) {
        int[] done = {0};
        return () -> {
            if (tiles > 1 && done[0] < tiles) listener.tile(stage, ++done[0], tiles);
        };
    }
}
