package dev.faithdiff;

import dev.faithdiff.image.Image;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;

/**
 * FaithDiff behind a network of one pass, which removes what damage it can and enlarges: what it makes, at the size of the result, takes
 * the photo's place in everything that follows, that is in features, start and colours.
 *
 * <p>FaithDiff's authors clean a photo so (with BSRNet) only for the network that describes it in words.
 */
public record TwoStages(GeneratorRestorer initial, FaithDiff last) implements Restorer {
    /** Opens both model folders on one device. */
    public static TwoStages open(Path initial, Path last, Device device) { return open(initial, last, device, DType.F32, Offload.NONE); }

    /** As {@link #open(Path, Path, Device)}, with FaithDiff's type of activations and the weights that lie on the device. */
    public static TwoStages open(Path initial, Path last, Device device, DType dtype, Offload offload) {
        GeneratorRestorer first = GeneratorRestorer.open(initial, device);
        try {
            return new TwoStages(first, FaithDiff.open(last, device, dtype, offload));
        } catch (Throwable e) {
            first.close();
            throw e;
        }
    }

    /** {@inheritDoc} The guard judges the photo, since one that was cleaned always looks hardly damaged. */
    @Override public Image restore(Image lowQuality, Options options, Listener listener, Path resume) {
        Options o = FaithDiff.guarded(lowQuality, options, listener);
        Image cleaned = initial.restore(lowQuality, Options.defaults().withScale(o.scale()).withVaeTile(o.vaeTile()), listener);
        return last.restore(cleaned, o.withScale(1).withGuard(Options.Guard.OFF), listener, resume);
    }

    @Override public boolean takes(String option) { return last.takes(option); }

    @Override public void check(Options options) { last.check(options); }

    @Override public Options defaults() { return last.defaults(); }

    @Override public void close() {
        initial.close();
        last.close();
    }
}
