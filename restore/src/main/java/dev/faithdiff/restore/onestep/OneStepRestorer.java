package dev.faithdiff.restore.onestep;

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
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.Wrap;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.restore.Gate;
import dev.faithdiff.restore.Guard;
import dev.faithdiff.restore.HeatMap;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Mixture;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.sd.ProcessSize;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Restores photos in one step in the latents of Stable Diffusion: the enlarged photo is encoded, a U-Net takes it to clean latents, these are
 * decoded, and the result gets the photo's colours. The sampled latents are the only random numbers.
 */
public final class OneStepRestorer implements Restorer {
    private static final List<Option<?>> OPTIONS = List.of(SCALE, SIZE, LONG_SIDE, PROCESS_SIZE, SEED, RNG, STRENGTH, FIDELITY, GUARD, COLOR_FIX,
            TILE, OVERLAP, VAE_TILE);
    /** The published tiles have 96 latents and overlap by 32. */
    private static final Options DEFAULTS = Options.defaults().with(TILE, 768).with(OVERLAP, 2 / 3.0);
    /** Sides are padded to multiples of this. The published scripts shrink to such sides, and so give another size than was asked for. */
    private static final int PADDING = 8;

    private final SdModel model;
    private final OneStep system;
    private final Gate gate;

    /** @param model is closed with this */
    public OneStepRestorer(SdModel model, OneStep system) {
        this.model = model;
        this.system = system;
        gate = new Gate(system.name(), model.device, model.rounding());
    }

    /** The options of a system, with those of all such systems. */
    public static List<Option<?>> options(List<Option<?>> own) { return Stream.concat(own.stream(), OPTIONS.stream()).toList(); }

    @Override public Image restore(Image photo, Options options, Listener listener, Path resume) {
        check(options);
        Options o = Guard.guarded(photo, options, true, listener);
        ResultSize size = ResultSize.of(o, photo);
        if (Mixture.isPhoto(o)) return size.resized(photo, Wrap.NONE);
        Image enlarged = ProcessSize.enlarged(photo, size, o.get(PROCESS_SIZE));
        Image restored = gate.pass(() -> restored(enlarged, size, o, listener));
        return Mixture.of(Resize.resize(restored, size.width(), size.height(), Filter.BICUBIC), () -> size.resized(photo, Wrap.NONE), o);
    }

    /** The enlarged photo restored, in its colours. @param size of the result, in which the listener gets its maps */
    private Image restored(Image enlarged, ResultSize size, Options o, Listener listener) {
        try (Scope _ = Scope.open()) {
            OneStepRun run = new OneStepRun(model, system, o, enlarged.padTo(PADDING), listener);
            Image decoded = run.run();
            run.maps().forEach((word, map) -> {
                HeatMap own = map.crop(0, 0, enlarged.width(), enlarged.height());
                listener.map(word, own.resized(size.width(), size.height()));
            });
            return o.get(COLOR_FIX).apply(decoded.crop(0, 0, enlarged.width(), enlarged.height()), enlarged);
        }
    }

    @Override public List<Option<?>> options() { return options(system.options()); }

    @Override public Options defaults() { return DEFAULTS; }

    @Override public Optional<Image> throughAutoencoder(Image photo) { return Optional.of(gate.pass(() -> roundTrip(photo))); }

    private Image roundTrip(Image photo) {
        Image in = photo.padTo(PADDING);
        try (Scope _ = Scope.open()) {
            Tensor x = in.toTensor().to(model.device).to(model.dtype);
            Tensor back = model.vae.decode(Vae.Gaussian.of(model.vae.encode(x)).mean());
            return Image.cutFloats(back.toFloats(), in.width(), in.height(), in.bits()).crop(0, 0, photo.width(), photo.height());
        }
    }

    @Override public void close() { gate.close(model::close); }
}
