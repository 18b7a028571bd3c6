package dev.faithdiff.restore.sd;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.FIDELITY;
import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.CommonOptions.LONG_SIDE;
import static dev.faithdiff.restore.CommonOptions.RNG;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.SIZE;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.CACHE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE_INTERVAL;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;

import dev.faithdiff.image.FrequencyBlend;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Wrap;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.restore.Gate;
import dev.faithdiff.restore.Guard;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Mixture;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.diffusion.DiffusionOptions;
import dev.faithdiff.restore.diffusion.ResumeFile;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Restores photos in several steps in the latents of Stable Diffusion, by an {@link SdSystem}: the guard, the steps that are saved and resumed,
 * previews, strength, and the share of the enlarged photo in the result.
 */
public final class SdRestorer implements Restorer {
    /** Words that are put behind the prompt. */
    public static final Option<String> ADDED_PROMPT =
            Option.text("added-prompt", "", "Words of quality that are put behind the prompt.").ofModel();
    /** The options of all systems. */
    public static final List<Option<?>> OPTIONS = List.of(SCALE, SIZE, LONG_SIDE, STEPS, GUIDANCE, GUIDANCE_INTERVAL, SEED, RNG, STRENGTH, FIDELITY,
            GUARD, PROMPT, ADDED_PROMPT, NEGATIVE, COLOR_FIX, CACHE, TILE, OVERLAP, VAE_TILE);
    private static final int PADDING = 8;

    private final SdModel model;
    private final SdSystem system;
    private final Gate gate;

    /** @param model is closed with this */
    public SdRestorer(SdModel model, SdSystem system) {
        this.model = model;
        this.system = system;
        gate = new Gate(system.name(), model.device, model.rounding());
    }

    /** The options of a system: those of all, and its own. */
    public static List<Option<?>> options(List<Option<?>> own) { return Stream.concat(OPTIONS.stream(), own.stream()).toList(); }

    @Override public Image restore(Image photo, Options options, Listener listener, Path resume) {
        return gate.pass(() -> restored(photo, options, listener, resume));
    }

    private Image restored(Image photo, Options options, Listener listener, Path resume) {
        check(options);
        ResultSize size = ResultSize.of(options, photo);
        Options o = Guard.guarded(photo, options, true, listener);
        if (Mixture.isPhoto(o)) return size.resized(photo, Wrap.NONE);
        DType type = model.rounding() != null ? model.rounding() : model.dtype;
        ResumeFile file = resume == null ? null : new ResumeFile(resume, model.digest(), model.device, type, o.values(options()), photo);
        try (Scope _ = Scope.open()) {
            Image result = new SdRun(model, photo, size, o, listener, file).of(system);
            double fidelity = o.get(FIDELITY);
            return fidelity == 0 ? result : FrequencyBlend.apply(result, size.resized(photo, Wrap.NONE), fidelity, Wrap.NONE);
        }
    }

    @Override public List<Image> tiles(Image photo, Options options) {
        ResultSize size = ResultSize.of(options, photo);
        return gate.pass(() -> {
            try (Scope _ = Scope.open()) {
                return system.tiles(new SdRun(model, photo, size, options, Listener.NONE, null));
            }
        });
    }

    @Override public List<Option<?>> options() { return system.options(); }

    @Override public Options defaults() { return system.defaults(); }

    @Override public void check(Options o) {
        Restorer.super.check(o);
        if (o.get(CACHE) != null) DiffusionOptions.cache(o).requireLayers(model.unet.layers());
        system.check(o);
    }

    @Override public Optional<Image> throughAutoencoder(Image photo) { return Optional.of(gate.pass(() -> roundTrip(photo))); }

    private Image roundTrip(Image photo) {
        Image in = photo.padTo(PADDING);
        try (Scope _ = Scope.open()) {
            Tensor x = in.toTensor().to(model.device).to(model.imageType);
            Tensor back = model.vae.decode(Vae.Gaussian.of(model.vae.encode(x)).mean());
            return Image.cutFloats(back.toFloats(), in.width(), in.height(), in.bits()).crop(0, 0, photo.width(), photo.height());
        }
    }

    @Override public void close() { gate.close(model::close); }
}
