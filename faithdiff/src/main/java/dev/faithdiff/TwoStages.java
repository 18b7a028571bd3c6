package dev.faithdiff;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.FrequencyBlend;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.model.Config;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;

/**
 * FaithDiff behind a network of one pass, which removes what damage it can and enlarges: what the {@link FirstStage} makes, at the size
 * of the result, takes the photo's place in everything that follows, that is in features, start and colours.
 *
 * <p>FaithDiff's authors clean a photo so (with BSRNet) only for the network that describes it in words.
 */
public record TwoStages(FirstStage first, FaithDiff last) implements Restorer {
    /** Opens both model folders on one device. */
    public static TwoStages open(Path initial, Path last, Device device) { return open(initial, last, device, DType.F32, Offload.NONE); }

    /** As {@link #open(Path, Path, Device)}, with FaithDiff's type of activations and the weights that lie on the device. */
    public static TwoStages open(Path initial, Path last, Device device, DType dtype, Offload offload) {
        Config model = new ModelFolder(last).description();
        GeneratorRestorer network = GeneratorRestorer.open(initial, device);
        try {
            return new TwoStages(new FirstStage(network, model.number("initial_share", 1), model.integer("initial_passes", 1)),
                    FaithDiff.open(last, device, dtype, offload));
        } catch (Throwable e) {
            network.close();
            throw e;
        }
    }

    /** {@inheritDoc} The guard judges the photo, since one that was cleaned always looks hardly damaged. */
    @Override public Image restore(Image lowQuality, Options options, Listener listener, Path resume) {
        check(options);
        Options o = FaithDiff.guarded(lowQuality, options, listener);
        FirstStage.Result initial = first.restore(lowQuality, o, listener);
        Image restored = o.quality() == Options.Quality.FAST ? initial.network() : last.restore(initial.mixture(), lastStage(o), listener, resume);
        if (o.detail() > 0) restored = FrequencyBlend.finest(restored, initial.network(), o.detail());
        if (!mixesPhoto(o)) return restored;
        return restored.mix(Resize.resize(lowQuality, restored.width(), restored.height(), Filter.LANCZOS), o.strength());
    }

    /** In one step strength has no noise to lower, so the photo itself is mixed in. */
    private static boolean mixesPhoto(Options o) {
        return o.strength() < 1 && (o.start() == Options.Start.PHOTO || o.quality() == Options.Quality.FAST);
    }

    private static Options lastStage(Options o) {
        Options last = o.withScale(1).withGuard(Options.Guard.OFF).withDetail(0).withQuality(Options.Quality.BEST);
        return mixesPhoto(o) ? last.withStrength(1) : last;
    }

    @Override public boolean takes(String option) { return last.takes(option) || option.equals("detail") || option.equals("quality"); }

    @Override public void check(Options o) { last.check(lastStage(o)); }

    @Override public Options defaults() { return last.defaults().withDetail(last.number("detail", 0)); }

    @Override public void close() {
        first.network().close();
        last.close();
    }
}
