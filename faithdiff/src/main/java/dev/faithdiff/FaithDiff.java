package dev.faithdiff;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.FIDELITY;
import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.CommonOptions.LONG_SIDE;
import static dev.faithdiff.restore.CommonOptions.MARGIN;
import static dev.faithdiff.restore.CommonOptions.RNG;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.SIZE;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.CommonOptions.WRAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.CACHE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.ETA;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE_INTERVAL;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT_MODE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE_RESCALE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.SAMPLER;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.SIGMAS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.SPACING;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TIMESTEPS;

import dev.faithdiff.image.FrequencyBlend;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Wrap;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Gate;
import dev.faithdiff.restore.Guard;
import dev.faithdiff.restore.HeatMap;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.diffusion.DiffusionOptions;
import dev.faithdiff.restore.diffusion.ResumeFile;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.UnaryOperator;

/**
 * Restores photos with a FaithDiff model. The same input, options, model and device give the same image, bit for bit.
 *
 * <p>Any thread may call any method. On the CPU restorations run side by side and share its threads; on a GPU one runs at a time. Closing waits
 * for restorations that have begun.
 */
public final class FaithDiff implements Restorer {
    /** The first latents: the photo's latents with noise (LR, as published), noise alone, or the photo's latents alone, for models of one step. */
    public enum Start {
        LR, NOISE, PHOTO;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    /** What the U-Net's condition is computed of: each tile by itself, as published, or the whole photo. */
    public enum Condition {
        TILE, IMAGE;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    /** The first latents. */
    public static final Option<Start> START = Option.choice("start", Start.LR, "What denoising starts from. lr: the photo's latents and noise. "
            + "noise: noise alone. photo: the photo's latents alone, for models of one step.").ofModel();
    /** What the U-Net's condition is computed of. */
    public static final Option<Condition> CONDITION = Option.choice("condition", Condition.TILE,
            "Over what the photo's features are normalised: over each tile, as published, or over the whole image.").ofModel();

    static final List<Option<?>> OPTIONS = List.of(SCALE, SIZE, LONG_SIDE, STEPS, GUIDANCE, GUIDANCE_RESCALE, GUIDANCE_INTERVAL, SEED, RNG, START,
            STRENGTH, FIDELITY, GUARD, PROMPT, NEGATIVE, PROMPT_MODE, COLOR_FIX, SAMPLER, SPACING, TIMESTEPS, SIGMAS, ETA, CACHE, TILE, OVERLAP,
            CONDITION, MARGIN, WRAP, VAE_TILE);

    /** Options that mean nothing to a model without text encoders. */
    private static final Set<Option<?>> OF_TEXT = Set.of(GUIDANCE, GUIDANCE_RESCALE, GUIDANCE_INTERVAL, PROMPT, NEGATIVE, PROMPT_MODE);

    /** Options that mean nothing to the one step of a model that starts from the photo. */
    private static final List<Option<?>> OF_STEPS = List.of(SPACING, TIMESTEPS, SIGMAS, ETA, CACHE);

    /** Options by their names in {@code model.json}. */
    private static final Map<String, Option<?>> OF_MODEL = Map.of("num_inference_steps", STEPS, "tile", TILE, "overlap", OVERLAP,
            "start_point", START, "color_fix", COLOR_FIX, "condition", CONDITION, "margin", MARGIN);

    /** Sides are padded to multiples of this, as published. */
    private static final int PADDING = 8;

    private final Model model;
    private final Options defaults;
    private final List<Option<?>> options;
    private final Gate gate;

    FaithDiff(Model model) {
        this.model = model;
        gate = new Gate("FaithDiff", model.device, model.rounding());
        defaults = defaultsOf(model);
        options = OPTIONS.stream().filter(o -> model.text.readsText() || !OF_TEXT.contains(o)).toList();
    }

    /** The published defaults, but for those that {@code model.json} has of its own. */
    private static Options defaultsOf(Model model) {
        Options d = Options.defaults();
        try {
            if (model.config.has("detail")) throw new IllegalArgumentException("'detail' belongs beside 'initial', not inside '" + Model.KIND + "'");
            for (var own : OF_MODEL.entrySet()) if (model.config.has(own.getKey())) d = d.parsed(own.getValue(), model.config.text(own.getKey()));
        } catch (IllegalArgumentException e) {
            throw new ModelError(model.folder.path().resolve(ModelFolder.DESCRIPTION), e.getMessage(), e);
        }
        return d;
    }

    /**
     * Opens a model folder as {@code faithdiff convert} writes it.
     *
     * @throws RuntimeException of one line, naming the file, if a part is missing, damaged or belongs to another model
     */
    public static FaithDiff open(Path folder, Device device) { return open(folder, Compute.on(device)); }

    /** As {@link #open(Path, Device)}. */
    public static FaithDiff open(Path folder, Compute on) {
        Model model = Model.open(new ModelFolder(folder), on);
        try {
            return new FaithDiff(model);
        } catch (Throwable e) {
            model.close();
            throw e;
        }
    }

    /**
     * Restores a photo.
     *
     * @param resume a file that is replaced after each step. A restoration of the same input, options, model and device goes on from it, and
     *               gives the same bytes. The caller deletes the file once the result is safe. Null: none
     * @throws IllegalArgumentException as {@link #check}, or if the result would be too large
     * @throws IllegalStateException    if this is closed, or the resume file belongs to another restoration
     * @throws CancellationException    if the thread was interrupted (it stays so), or the listener ended the restoration
     * @throws OpError                  if values are not finite or the result is of one colour, naming the layer where it began
     * @throws OutOfMemoryError         if the image does not fit into memory, saying what was asked for
     */
    @Override public Image restore(Image photo, Options options, Listener listener, Path resume) {
        return gate.pass(() -> restored(photo, options, listener, resume));
    }

    private Image restored(Image photo, Options options, Listener listener, Path resume) {
        check(options);
        ResultSize size = ResultSize.of(options, photo);
        Options o = Guard.guarded(photo, options, options.get(START) != Start.NOISE, listener);
        Image enlarged = size.resized(photo, o.get(WRAP));
        if (o.get(STRENGTH) == 0 || o.get(FIDELITY) == 1) return enlarged;
        UnaryOperator<Image> finish = decoded -> finished(decoded, enlarged, o);
        requireWhole(size, o.get(WRAP));
        if (resume != null && !listener.words().isEmpty()) {
            throw new IllegalArgumentException("attribution maps are of all steps, so they do not go with a resume file");
        }
        Image in = enlarged.mirrored(margin(o, o.get(WRAP).x()), margin(o, o.get(WRAP).y())).padTo(PADDING);
        UnaryOperator<HeatMap> crop = map -> map.crop(margin(o, o.get(WRAP).x()), margin(o, o.get(WRAP).y()), enlarged.width(), enlarged.height());
        return finish.apply(decoded(in, o, listener, resume, finish, crop));
    }

    /** Beyond an edge where the photo goes on with its other end it needs no mirror image. */
    private static int margin(Options o, boolean wraps) { return wraps ? 0 : o.get(MARGIN); }

    private static void requireWhole(ResultSize size, Wrap wrap) {
        if ((!wrap.x() || size.width() % PADDING == 0) && (!wrap.y() || size.height() % PADDING == 0)) return;
        String what = wrap == Wrap.XY ? "sides are each" : wrap.x() ? "width is" : "height is";
        throw new IllegalArgumentException("wrap " + wrap + " needs a result whose " + what + " a multiple of " + PADDING
                + " pixels, not " + size.width() + "x" + size.height());
    }

    /** The decoded image without its margin, in the enlarged photo's colours, and with a share of that photo. */
    private static Image finished(Image decoded, Image enlarged, Options o) {
        Wrap wrap = o.get(WRAP);
        double fidelity = o.get(FIDELITY);
        Image own = decoded.crop(margin(o, wrap.x()), margin(o, wrap.y()), enlarged.width(), enlarged.height());
        Image colored = o.get(COLOR_FIX).apply(own, enlarged, wrap);
        return fidelity == 0 ? colored : FrequencyBlend.apply(colored, enlarged, fidelity, wrap);
    }

    /** The image that the autoencoder decodes. @param display makes a preview of such an image @param crop takes the margin from maps */
    private Image decoded(Image in, Options o, Listener listener, Path resume, UnaryOperator<Image> display, UnaryOperator<HeatMap> crop) {
        DType type = model.rounding() != null ? model.rounding() : model.dtype;
        ResumeFile file = resume == null ? null : new ResumeFile(resume, model.digest(), model.device, type, o.values(options), in);
        try (Scope _ = Scope.open()) {
            FaithDiffRun run = new FaithDiffRun(model, o, in, file, listener, display);
            Image decoded = run.run();
            run.maps().forEach((word, map) -> listener.map(word, crop.apply(map)));
            return decoded;
        }
    }

    /** {@inheritDoc} A model that reads no text has no prompts and no guidance. */
    @Override public List<Option<?>> options() { return options; }

    @Override public void check(Options o) {
        Restorer.super.check(o);
        if (o.get(STRENGTH) < 1 && o.get(START) == Start.NOISE) {
            throw new IllegalArgumentException("a strength below 1 starts from the photo, so the start cannot be noise");
        }
        if (o.get(START) != Start.PHOTO) {
            FaithDiffRun.sampler(model, o);
            if (o.get(CACHE) != null) DiffusionOptions.cache(o).requireLayers(model.unet.unet().layers());
            return;
        }
        for (Option<?> steps : OF_STEPS) {
            if (o.get(steps) != null) throw new IllegalArgumentException("the start 'photo' has a step of its own, so it takes no " + steps.name());
        }
        if (!model.restoresInOneStep()) throw new IllegalArgumentException("this model was not trained to start from the photo without noise");
        if (o.get(STEPS) != 1) throw new IllegalArgumentException("the start 'photo' takes one step, not " + o.get(STEPS) + "; 'lr' takes more");
    }

    @Override public Options defaults() { return defaults; }

    @Override public Optional<Image> throughAutoencoder(Image photo) { return Optional.of(gate.pass(() -> roundTrip(photo))); }

    private Image roundTrip(Image photo) {
        Image in = photo.padTo(PADDING);
        try (Scope _ = Scope.open()) {
            Tensor x = in.toTensor().to(model.device).to(model.dtype);
            Tensor back = model.vae.decode(Vae.Gaussian.of(model.vae.encode(x)).mean());
            return Image.fromFloats(back.toFloats(), in.width(), in.height()).crop(0, 0, photo.width(), photo.height());
        }
    }

    /** {@inheritDoc} @throws IllegalStateException if a listener calls this while its restoration runs */
    @Override public void close() { gate.close(model::close); }
}
