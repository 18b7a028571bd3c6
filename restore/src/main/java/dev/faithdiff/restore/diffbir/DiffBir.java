package dev.faithdiff.restore.diffbir;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.CHURN;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static dev.faithdiff.restore.sd.SdRestorer.ADDED_PROMPT;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.FloatImage;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.unet.ControlNet;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.diffusion.AutoPrompt;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.DiffusionOptions;
import dev.faithdiff.restore.diffusion.Guidance;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.diffusion.SignalTable;
import dev.faithdiff.restore.sd.Cleaner;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.restore.sd.SdRestorer;
import dev.faithdiff.restore.sd.SdRun;
import dev.faithdiff.restore.sd.SdSystem;
import dev.faithdiff.restore.sd.SdTask;
import dev.faithdiff.restore.tiles.Patch;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.restore.tiles.TileSource;
import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * DiffBIR (Lin et al. 2024), versions 1, 2 and 2.1: a first network cleans the photo, and Stable Diffusion makes a sharp image of noise while
 * IRControlNet holds it to the cleaned one.
 */
final class DiffBir implements SdSystem {
    /** The first latents: noise, or the cleaned photo's latents with as much noise as the last timestep of the training has. */
    enum Start {
        NOISE, COND;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    /** How the scale of the guidance goes over the steps. */
    enum Course {
        CONSTANT, GROWING;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    static final Option<DiffBirSampler> SAMPLER = Option.choice("sampler", null, DiffBirSampler.class, "Sampler that removes the noise.");
    static final Option<Start> START = Option.choice("start", Start.NOISE, "What denoising starts from. noise: noise alone. cond: the cleaned "
            + "photo's latents and noise, for versions 1 and 2.");
    static final Option<Double> CONTROL = Option.factor("control", 1, 0, 4, "How strongly the cleaned photo steers. 1: as trained.");
    static final Option<Integer> NOISE_AUG = Option.whole("noise-aug", 0, 0, 999, "The timestep of whose noise some is added to the cleaned photo's "
            + "latents before they steer: more leaves more freedom. 0: none.");
    static final Option<Course> COURSE = Option.choice("guidance-course", Course.CONSTANT, "Whether the guidance has its scale in all steps, or is "
            + "weak first and grows to the scale plus one.");
    static final Option<Integer> ORDER = Option.whole("order", 1, 1, 8, "How many steps edm_lms looks back on.");
    static final Option<Double> RESTORATION = Option.number("restoration", 0.0, "at least 0", v -> v >= 0 && !v.isInfinite(), "How strongly each "
            + "step's prediction is drawn to the cleaned photo, such as 0.5. 0: not at all.");
    static final Option<RestorationLoss> LOSS = Option.choice("restoration-loss", RestorationLoss.W_MSE, "How the difference to the cleaned photo "
            + "counts. mse: everywhere. w_mse: where that is smooth; needs the space rgb.");
    static final Option<RestorationGuidance.Space> SPACE = Option.choice("restoration-space", RestorationGuidance.Space.RGB, "Where predictions are "
            + "compared with the cleaned photo: among latents, or as images, which goes back through the decoder in each step.");
    static final Option<Integer> REPEAT = Option.whole("restoration-repeat", 1, 1, 100, "How often each prediction is drawn to the cleaned photo.");
    static final List<Option<?>> OPTIONS = SdRestorer.options(List.of(SAMPLER, START, CONTROL, NOISE_AUG, COURSE, CHURN, ORDER, PROCESS_SIZE,
            Cleaner.TILE, RESTORATION, LOSS, SPACE, REPEAT));

    private static final int WIDE = 64, UNET_MULTIPLE = 8;

    private final SdModel model;
    private final DiffBirVersion version;
    private final ControlNet control;
    private final Cleaner cleaner;
    private final SignalTable table;

    DiffBir(SdModel model) {
        this.model = model;
        Config description = model.description();
        String name = description.text("release");
        version = Arrays.stream(DiffBirVersion.values()).filter(v -> v.toString().equals(name)).findFirst()
                .orElseThrow(() -> description.wrong("release", Arrays.toString(DiffBirVersion.values())));
        Weights w = model.weights("control/model.safetensors");
        control = new ControlNet(w, model.sizes.withInputs(2 * model.sizes.inChannels()));
        w.done();
        Weights c = model.weights("cleaner/model.safetensors");
        cleaner = Cleaner.of(description, c, model.device);
        c.done();
        table = SignalTable.of(model.scheduler);
    }

    @Override public String name() { return "DiffBir"; }

    @Override public List<Option<?>> options() { return OPTIONS; }

    @Override public Options defaults() { return version.defaults(); }

    @Override public void check(Options o) {
        DiffBirSampler kind = kind(o);
        sampler(o);
        if (o.get(CHURN) > 0 && !kind.churns()) throw new IllegalArgumentException("the sampler " + kind + " takes no churn");
        cleaner.check(o);
        int multiple = UNET_MULTIPLE * model.vae.config().downscale();
        if (o.get(TILE) % multiple != 0) {
            throw new IllegalArgumentException("tile must be a multiple of " + multiple + ", not " + o.get(TILE));
        }
        if (o.get(RESTORATION) > 0 && o.get(LOSS) == RestorationLoss.W_MSE && o.get(SPACE) == RestorationGuidance.Space.LATENT) {
            throw new IllegalArgumentException("the restoration loss w_mse needs the restoration space rgb");
        }
    }

    private DiffBirSampler kind(Options o) { return o.get(SAMPLER) == null ? version.sampler : o.get(SAMPLER); }

    /** @throws IllegalArgumentException in one line if it does not take so many steps */
    private Sampler sampler(Options o) { return kind(o).of(table, o.get(STEPS), o.get(CHURN), o.get(ORDER)); }

    @Override public SdTask begin(SdRun run) {
        FloatImage cleaned = cleaned(run);
        int vaeTile = run.options.get(VAE_TILE);
        return begin(run, cleaned, encoded(run, cleaned, vaeTile), vaeTile);
    }

    /** The photo as the first network makes it, in the size in which it is restored. */
    FloatImage cleaned(SdRun run) {
        int w = run.size.width(), h = run.size.height(), least = run.options.get(PROCESS_SIZE);
        if (cleaner.scale() > 1) {
            FloatImage large = cleaner.clean(run, FloatImage.of(run.photo));
            return Math.min(w, h) < least ? shortSide(large, least) : large.resized(w, h);
        }
        FloatImage enlarged = FloatImage.of(Resize.resize(run.photo, w, h, Filter.BICUBIC));
        // As published, what is too small is enlarged before it is seen whole, and after it was seen in tiles.
        return atLeast(cleaner.clean(run, cleaner.tile(run, enlarged) == 0 ? atLeast(enlarged, least) : enlarged), least);
    }

    private static FloatImage atLeast(FloatImage image, int least) {
        return Math.min(image.width(), image.height()) >= least ? image : shortSide(image, least);
    }

    /** Resized so that the shorter side has so many pixels. */
    static FloatImage shortSide(FloatImage image, int least) {
        int w = image.width(), h = image.height();
        return h <= w ? image.resized((int) (w * ((double) least / h)), least) : image.resized(least, (int) (h * ((double) least / w)));
    }

    /** The latents of the cleaned photo on the scale of the diffusion. @param asked side of the autoencoder's tiles; 0: none were asked for */
    Tensor encoded(SdRun run, FloatImage cleaned, int asked) {
        int down = model.vae.config().downscale();
        boolean inTiles = inTiles(run.options, cleaned);
        FloatImage in = cleaned.padTo(asked > 0 || inTiles ? down : WIDE);
        Tensor image = in.toTensor().to(model.device).affine(2, -1);
        int tile = vaeTile(in.height(), in.width(), asked);
        Tensor mean = Vae.Gaussian.of(run.encode(TileSource.of(image), in.height() / down, in.width() / down, tile)).mean();
        return mean.mul(model.vae.config().scaling());
    }

    /** As published, there are no tiles where one side is shorter than one. */
    private static int vaeTile(int h, int w, int asked) { return Math.min(w, h) < asked ? 0 : asked; }

    private boolean inTiles(Options o, FloatImage cleaned) {
        int down = model.vae.config().downscale(), tile = o.get(TILE) / down;
        int h = Math.ceilDiv(cleaned.height(), down), w = Math.ceilDiv(cleaned.width(), down);
        return h >= tile && w >= tile && (h > tile || w > tile);
    }

    /** @param latents of the cleaned photo, not padded for the U-Net @param vaeTile as in {@link #encoded} */
    SdTask begin(SdRun run, FloatImage cleaned, Tensor latents, int vaeTile) {
        Options o = run.options;
        boolean inTiles = inTiles(o, cleaned);
        int h = latents.size(1), w = latents.size(2), tile = o.get(TILE) / model.vae.config().downscale();
        Tensor condition = inTiles ? latents : padded(latents);
        int height = condition.size(1), width = condition.size(2);
        TileGrid grid = inTiles ? TileGrid.of(h, w, tile, tile, o.get(OVERLAP)) : TileGrid.of(height, width, height, width, 1);
        Sampler sampler = run.within(sampler(o));
        Guidance guidance = guidance(o);
        Plan plan = new Plan(model.schedule, sampler, guidance, DiffusionOptions.cache(o), grid, true);
        Tensor start = start(run, sampler, condition, run.noise(height, width));
        int augmented = o.get(NOISE_AUG);
        Tensor steering = augmented == 0 ? condition : table.noised(condition, run.noise(height, width), augmented);
        String text = Stream.of(AutoPrompt.words(o), o.get(ADDED_PROMPT)).filter(s -> !s.isEmpty()).collect(Collectors.joining(", "));
        String negative = o.get(NEGATIVE) == null ? "" : o.get(NEGATIVE);
        Tensor states = guidance.active() ? run.states(negative, text) : run.states(text);
        Denoiser network = new DiffBirDenoiser(model.unet, control, model.dtype, states, steering, grid, o.get(CONTROL));
        if (o.get(RESTORATION) > 0) network = restoring(network, plan, o, condition, cleaned);
        return new SdTask(plan, start, network, clean -> finished(run, clean.slice(1, 0, h).slice(2, 0, w), cleaned, vaeTile));
    }

    private static Tensor padded(Tensor latents) {
        int h = latents.size(1), w = latents.size(2);
        int below = Math.ceilDiv(h, UNET_MULTIPLE) * UNET_MULTIPLE - h, right = Math.ceilDiv(w, UNET_MULTIPLE) * UNET_MULTIPLE - w;
        return below == 0 && right == 0 ? latents : latents.pad(0, below, 0, right);
    }

    private static Guidance guidance(Options o) {
        Guidance g = DiffusionOptions.guidance(o, o.get(GUIDANCE));
        return new Guidance(g.scale(), 0, g.above(), g.upTo(), o.get(COURSE) == Course.GROWING);
    }

    /** The first latents. A strength below 1 begins at the cleaned photo's. */
    private Tensor start(SdRun run, Sampler sampler, Tensor condition, Tensor noise) {
        if (run.beginsLater()) return sampler.noised(condition, noise, 0);
        Tensor first = run.options.get(START) == Start.COND ? table.noised(condition, noise, table.timesteps() - 1) : noise;
        return first.mul(sampler.initNoiseSigma());
    }

    private Denoiser restoring(Denoiser network, Plan plan, Options o, Tensor condition, FloatImage cleaned) {
        boolean latent = o.get(SPACE) == RestorationGuidance.Space.LATENT;
        int down = model.vae.config().downscale(), w = condition.size(2) * down, h = condition.size(1) * down;
        Tensor target = latent ? condition : cleaned.framed(w, h).toTensor().to(model.device).affine(2, -1);
        return new RestorationGuidance(network, plan, o.get(LOSS), o.get(RESTORATION), o.get(REPEAT), target, latent ? null : model.vae);
    }

    /** The result of clean latents: decoded, in the colours of the cleaned photo, and in the result's size. */
    private Image finished(SdRun run, Tensor latents, FloatImage cleaned, int vaeTile) {
        int down = model.vae.config().downscale(), tile = vaeTile(latents.size(1) * down, latents.size(2) * down, vaeTile);
        FloatImage decoded = decoded(run, latents, tile).topLeft(cleaned.width(), cleaned.height());
        return run.options.get(COLOR_FIX).apply(decoded, cleaned).resized(run.size.width(), run.size.height()).cut(run.photo.bits());
    }

    /** In 0..1. */
    static FloatImage decoded(SdRun run, Tensor latents, int tile) {
        Patch image = run.decode(latents, tile);
        float[] rgb = image.values();
        for (int i = 0; i < rgb.length; i++) rgb[i] = (rgb[i] + 1) / 2;
        return new FloatImage(image.width(), image.height(), rgb);
    }
}
