package dev.faithdiff;

import dev.faithdiff.image.Damage;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.FrequencyBlend;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.function.UnaryOperator;

/**
 * Restores photos with a model folder.
 *
 * <pre>{@code
 * try (FaithDiff faithDiff = FaithDiff.open(Path.of("models/faithdiff-mini"), Device.CPU)) {
 *     Image restored = faithDiff.restore(ImageFiles.read(in), Options.defaults().withScale(2));
 *     ImageFiles.write(restored, out);
 * }
 * }</pre>
 *
 * <p>Any thread may call any method. On the CPU restorations run side by side and share its threads; on a GPU each has the device for itself
 * and the next one waits. Closing waits for those under way. The same input, options, model and device give the same image, bit for bit.
 */
public final class FaithDiff implements Restorer {
    /** Sides are padded to multiples of this, as published. */
    private static final int PADDING = 8;

    private final Model model;
    private final Gate gate;

    FaithDiff(Model model) {
        this.model = model;
        gate = new Gate("FaithDiff", model.device);
    }

    /**
     * Opens a model folder as {@code faithdiff convert} writes it.
     *
     * @throws RuntimeException of one line, naming the file, if a part is missing, damaged or belongs to another model
     */
    public static FaithDiff open(Path folder, Device device) { return open(folder, device, DType.F32, Offload.NONE); }

    /**
     * As {@link #open(Path, Device)}.
     *
     * @param dtype   the type of activations: F32, F16 or BF16
     * @param offload which weights lie on the device
     */
    public static FaithDiff open(Path folder, Device device, DType dtype, Offload offload) {
        return new FaithDiff(Model.open(folder, device, dtype, offload));
    }

    /**
     * The restored image, {@code scale} times as large as the low-quality one.
     *
     * @param listener hears of progress on this thread and may end the restoration
     * @param resume   a file that is replaced after each step and from which a restoration of the same input, options, model and device goes
     *                 on to the same bytes; the caller deletes it once the result is safe. Null: none
     * @throws IllegalArgumentException if options exclude each other or the result would be too large
     * @throws IllegalStateException    if this is closed, or the resume file belongs to another restoration
     * @throws CancellationException    if the thread was interrupted, which it stays, or the listener ended it
     * @throws OpError                  if values are not finite or the result is of one colour, naming the layer where it began
     * @throws OutOfMemoryError         if the image does not fit, saying what was asked for
     */
    @Override public Image restore(Image lowQuality, Options options, Listener listener, Path resume) {
        return gate.pass(() -> restored(lowQuality, options, listener, resume));
    }

    private Image restored(Image lowQuality, Options options, Listener listener, Path resume) {
        check(options);
        long width = (long) lowQuality.width() * options.scale(), height = (long) lowQuality.height() * options.scale();
        if (width * height * 3 > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("the result would be " + width + "x" + height + ", more than this program can hold; use a smaller scale");
        }
        Options o = guarded(lowQuality, options, listener);
        Image enlarged = Resize.resize(lowQuality, (int) width, (int) height, Filter.LANCZOS);
        if (o.strength() == 0 || o.fidelity() == 1) return enlarged;
        UnaryOperator<Image> finish = decoded -> {
            Image colored = o.colorFix().apply(decoded.crop(o.margin(), o.margin(), enlarged.width(), enlarged.height()), enlarged);
            return o.fidelity() == 0 ? colored : FrequencyBlend.apply(colored, enlarged, o.fidelity());
        };
        return finish.apply(new Run(model, o, listener, enlarged.mirrored(o.margin()).padTo(PADDING)).run(resume, finish));
    }

    /** What a restoration adds to a photo that is hardly damaged is mostly harm. */
    static Options guarded(Image lowQuality, Options o, Listener listener) {
        if (o.guard() == Options.Guard.OFF || o.strength() <= Damage.MILD_STRENGTH) return o;
        Damage damage = Damage.of(lowQuality);
        if (!damage.isMild()) return o;
        boolean lowers = o.guard() == Options.Guard.AUTO && o.start() != Options.Start.NOISE;
        listener.warn("this photo is hardly damaged (" + damage + "), so restoring may harm it; "
                + (lowers ? "strength is lowered to " + Damage.MILD_STRENGTH : "a lower strength or more fidelity keeps it closer"));
        return lowers ? o.withStrength(Damage.MILD_STRENGTH) : o;
    }

    @Override public boolean takes(String option) { return !option.equals("detail") && !option.equals("quality"); }

    @Override public void check(Options o) {
        if (o.strength() < 1 && o.start() == Options.Start.NOISE) {
            throw new IllegalArgumentException("a strength below 1 starts from the image, so the start cannot be noise");
        }
        if (o.detail() > 0 || o.quality() != Options.Quality.BEST) {
            throw new IllegalArgumentException("this model has one stage, so 'detail' and 'quality' mean nothing to it");
        }
        if (o.start() != Options.Start.PHOTO) return;
        if (!model.restoresInOneStep()) throw new IllegalArgumentException("this model was not trained to start from the photo without noise");
        if (o.steps() != 1) throw new IllegalArgumentException("the start 'photo' takes one step, not " + o.steps() + "; 'lr' takes more");
    }

    /** Steps, tile, overlap, condition, margin and colour fix are what {@code model.json} says, where it does: a small model may want others than published. */
    @Override public Options defaults() {
        Options d = Options.defaults();
        return d.withSteps(model.config.integer("num_inference_steps", d.steps())).withTile(model.config.integer("tile", d.tile()))
                .withStart(Options.Start.valueOf(model.config.text("start_point", d.start().name()).toUpperCase(Locale.ROOT)))
                .withColorFix(ColorFix.valueOf(model.config.text("color_fix", d.colorFix().name()).toUpperCase(Locale.ROOT)))
                .withStride(model.config.number("overlap", d.stride())).withMargin(model.config.integer("margin", d.margin()))
                .withCondition(Options.Condition.valueOf(model.config.text("condition", d.condition().name()).toUpperCase(Locale.ROOT)));
    }

    /** A number that {@code model.json} may have for FaithDiff. */
    double number(String key, double otherwise) { return model.config.number(key, otherwise); }

    /** Gives the model's memory back; harmless when done again. @throws IllegalStateException if a listener calls this in a restoration */
    @Override public void close() { gate.close(model::close); }
}
