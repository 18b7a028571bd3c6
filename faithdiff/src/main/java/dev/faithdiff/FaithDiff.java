package dev.faithdiff;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.sample.Guidance;
import dev.faithdiff.sample.Sampler;
import dev.faithdiff.sample.Samplers;
import dev.faithdiff.sample.TileGrid;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.text.PromptEncoder.Prompt;
import dev.faithdiff.vae.BlendedTiles;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * Restores photos with a model folder.
 *
 * <pre>{@code
 * try (FaithDiff faithDiff = FaithDiff.open(Path.of("models/faithdiff-mini"), Device.CPU)) {
 *     Image restored = faithDiff.restore(ImageFiles.read(in), Options.defaults().withScale(2));
 *     ImageFiles.write(restored, out);
 * }
 * }</pre>
 */
public final class FaithDiff implements AutoCloseable {
    /** Hears how far a restoration is: a stage's name, and for denoising the step of how many. Runs on the restoring thread. */
    public interface Progress {
        void at(String stage, int step, int steps);
    }

    /** Sides are padded to multiples of this, as published. */
    private static final int PADDING = 8;

    private final Model model;
    private final Restoration restoration;

    FaithDiff(Model model) {
        this.model = model;
        restoration = new Restoration(model);
    }

    /** Opens a model folder as {@code faithdiff convert} writes it. */
    public static FaithDiff open(Path folder, Device device) { return new FaithDiff(Model.open(folder, device)); }

    /**
     * Opens a model folder.
     *
     * @param dtype   the type of activations: F32, F16 or BF16
     * @param offload which weights lie on the device
     */
    public static FaithDiff open(Path folder, Device device, DType dtype, Offload offload) {
        return new FaithDiff(Model.open(folder, device, dtype, offload));
    }

    public Image restore(Image lowQuality, Options options) { return restore(lowQuality, options, (stage, step, steps) -> {}); }

    /**
     * The restored image, {@code scale} times as large as the low-quality one. One restoration runs at a time.
     *
     * @throws OutOfMemoryError if the image does not fit, saying what was asked for
     */
    public synchronized Image restore(Image lowQuality, Options o, Progress progress) {
        long width = (long) lowQuality.width() * o.scale(), height = (long) lowQuality.height() * o.scale();
        if (width * height * 3 > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("the result would be " + width + "x" + height + ", more than this program can hold; use a smaller scale");
        }
        Image enlarged = Resize.resize(lowQuality, (int) width, (int) height, Filter.LANCZOS);
        Image padded = enlarged.padTo(PADDING);
        Image restored = run(padded, o, progress).crop(0, 0, enlarged.width(), enlarged.height());
        return o.colorFix().apply(restored, enlarged);
    }

    private Image run(Image in, Options o, Progress progress) {
        int down = model.vae.config().downscale(), h = in.height() / down, w = in.width() / down;
        Samplers kind = o.sampler() == null ? Samplers.of(model.scheduler) : Samplers.named(o.sampler());
        Sampler sampler = kind.create(model.schedule, model.scheduler, o.steps());
        try (Scope s = Scope.open()) {
            progress.at("encode", 0, 0);
            ImageNetworks networks = new ImageNetworks(model, o.vaeTile());
            Tensor features = networks.features(parts(in), h, w);
            Guidance guidance = guidance(o);
            Prompt prompt = model.text.encode(o.prompt());
            if (guidance.active()) prompt = model.text.encode(o.negative()).with(prompt);

            Rng rng = Rng.cpu(o.seed());
            int channels = model.vae.config().latentChannels();
            Tensor noise = noise(rng, h, w, channels);
            Tensor start = o.start() == Options.Start.NOISE ? noise.mul(sampler.initNoiseSigma())
                    : restoration.startFromImage(networks.encode(parts(in), h, w), noise, noise(Rng.cpu(~o.seed()), h, w, channels), sampler.initNoiseSigma());
            TileGrid grid = TileGrid.of(h, w, o.tile() / down, o.tile() / down, o.stride());
            Supplier<Tensor> fresh = () -> noise(rng, grid.tileHeight(), grid.tileWidth(), channels);

            progress.at("denoise", 0, o.steps());
            Tensor latents = restoration.denoise(start, features, prompt, sampler, guidance, grid, new int[] {in.height(), in.width()},
                    new int[] {o.tile(), o.tile()}, fresh, (i, x) -> progress.at("denoise", i + 1, o.steps()));
            progress.at("decode", 0, 0);
            return networks.decode(latents);
        }
    }

    /** Parts of an image as tensors, so that only a part is held as floats. */
    private BlendedTiles.Source parts(Image in) {
        return (top, left, height, width) -> Tensor.of(in.crop(left, top, width, height).toFloats(), 1, height, width, 3).to(model.device);
    }

    /** Guidance changes nothing for a model that reads no text. */
    private Guidance guidance(Options o) {
        double scale = Double.isNaN(o.guidance()) ? model.config.number("guidance_scale", 5) : o.guidance();
        return new Guidance(model.text.readsText() ? scale : 1, o.rescale());
    }

    /** Standard normal latents, drawn in the published order of channel, row, column. */
    private Tensor noise(Rng rng, int h, int w, int channels) {
        return Tensor.of(rng.randn(channels * h * w), 1, channels, h, w).permute(0, 2, 3, 1).to(model.device);
    }

    @Override public void close() { model.close(); }
}
