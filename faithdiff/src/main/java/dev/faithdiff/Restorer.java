package dev.faithdiff;

import dev.faithdiff.image.Image;
import dev.faithdiff.model.Config;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;

/** What restores photos: {@link FaithDiff}, a network of one pass ({@link GeneratorRestorer}), or the one behind the other ({@link TwoStages}). */
public sealed interface Restorer extends AutoCloseable permits FaithDiff, GeneratorRestorer, TwoStages {
    /** The restorer that a model folder's {@code model.json} names, on a device. */
    static Restorer open(Path folder, Device device) { return open(folder, device, DType.F32, Offload.NONE); }

    /** As {@link #open(Path, Device)}; type and offload are FaithDiff's, a network of one pass is small and computes in F32. */
    static Restorer open(Path folder, Device device, DType dtype, Offload offload) {
        Config model = new ModelFolder(folder).description();
        if (GeneratorRestorer.takes(model)) return GeneratorRestorer.open(folder, device);
        String initial = model.text("initial", "");
        if (initial.isEmpty()) return FaithDiff.open(folder, device, dtype, offload);
        return TwoStages.open(folder.resolve(initial).normalize(), folder, device, dtype, offload);
    }

    /** A short name for what a model folder holds: the first 12 hexadecimal digits of a SHA-256 over its files. */
    static String digest(Path folder) { return new ModelFolder(folder).digest().substring(0, 12); }

    /** As {@link #restore(Image, Options, Listener, Path)}, with nobody listening and nothing to resume. */
    default Image restore(Image lowQuality, Options options) { return restore(lowQuality, options, Listener.NONE); }

    /** As {@link #restore(Image, Options, Listener, Path)}, with nothing to resume. */
    default Image restore(Image lowQuality, Options options, Listener listener) { return restore(lowQuality, options, listener, null); }

    /**
     * The restored image, {@code options.scale()} times as large as the low-quality one. Any thread may call this: on the CPU restorations run
     * side by side, on a GPU each has the device for itself.
     *
     * @param resume where FaithDiff keeps its steps to go on from, or null; nothing else has steps
     */
    Image restore(Image lowQuality, Options options, Listener listener, Path resume);

    /** Whether an option, by its name in {@link Options#values}, means anything to this restorer. */
    boolean takes(String option);

    /** @throws IllegalArgumentException in one line if options exclude each other, or one is set that means nothing to this restorer */
    void check(Options options);

    /** The options to start from: {@link Options#defaults}, but for what the model's folder says of its own. */
    Options defaults();

    @Override void close();
}
