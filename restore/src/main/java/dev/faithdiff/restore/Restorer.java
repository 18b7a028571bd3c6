package dev.faithdiff.restore;

import dev.faithdiff.image.Image;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What restores photos. {@link Restorers#open} opens the one that a model folder holds. Any thread may call any method. */
public interface Restorer extends AutoCloseable {
    /** As {@link #restore(Image, Options, Listener, Path)}, with nobody listening and nothing to resume. */
    default Image restore(Image photo, Options options) { return restore(photo, options, Listener.NONE); }

    /** As {@link #restore(Image, Options, Listener, Path)}, with nothing to resume. */
    default Image restore(Image photo, Options options, Listener listener) { return restore(photo, options, listener, null); }

    /**
     * The restored photo, {@link CommonOptions#SCALE} times as large and with the photo's bits a sample. Any thread may call this: on the CPU
     * restorations run side by side, on a GPU each has the device for itself.
     *
     * @param listener hears of progress on this thread and may end the restoration
     * @param resume   where a restorer that works in steps keeps what it needs to go on after a crash; others leave it alone. Null: nowhere
     * @throws IllegalArgumentException as {@link #check}
     */
    Image restore(Image photo, Options options, Listener listener, Path resume);

    /** The options that this restorer has, in the order in which they are shown. {@link CommonOptions#SCALE} is one of them. */
    List<Option<?>> options();

    /** The options to start from: {@link Options#defaults}, but for what the model says of its own. */
    Options defaults();

    /** @throws IllegalArgumentException in one line if an option is set that this restorer does not have, or options exclude each other */
    default void check(Options options) { options.requireOnly(options()); }

    /** A photo as the model's autoencoder gives it back, which is the most that a restoration can reach; empty where the model has none. */
    default Optional<Image> throughAutoencoder(Image photo) { return Optional.empty(); }

    /** Gives the model's memory back; harmless when done again. */
    @Override void close();
}
