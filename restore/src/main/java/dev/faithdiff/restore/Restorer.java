package dev.faithdiff.restore;

import dev.faithdiff.image.Image;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Restores photos with one model. {@link Restorers#open} opens a model folder. Any thread may call any method. */
public interface Restorer extends AutoCloseable {
    /** As {@link #restore(Image, Options, Listener, Path)}, without a listener and a resume file. */
    default Image restore(Image photo, Options options) { return restore(photo, options, Listener.NONE); }

    /** As {@link #restore(Image, Options, Listener, Path)}, without a resume file. */
    default Image restore(Image photo, Options options, Listener listener) { return restore(photo, options, listener, null); }

    /**
     * Restores a photo. The result has the {@link ResultSize} of the options and the photo's bits a sample. On the CPU several threads'
     * restorations run side by side; on a GPU one runs at a time.
     *
     * @param options  start from {@link #defaults}, which has the model's own values, and change what is asked for
     * @param listener hears of progress on this thread, and may end the restoration
     * @param resume   file in which a restorer that works in steps saves each step, to go on from after a crash. Other restorers ignore it.
     *                 Null: none
     * @throws IllegalArgumentException as {@link #check}
     */
    Image restore(Image photo, Options options, Listener listener, Path resume);

    /** The options of this restorer, in the order in which they are shown. Scale, size and long side are among them. */
    List<Option<?>> options();

    /** {@link Options#defaults} with the model's own values instead, where it has some. */
    Options defaults();

    /** @throws IllegalArgumentException in one line if this restorer lacks an option that is set, or options exclude each other */
    default void check(Options options) {
        options.requireOnly(options());
        ResultSize.check(options, defaults());
    }

    /**
     * What a captioner is to see for the texts of tiles, row by row: the photo in the tiles of a restoration with the same options. The photo alone
     * if the model takes no texts for tiles.
     *
     * @param options that {@link #check} takes
     */
    default List<Image> tiles(Image photo, Options options) { return List.of(photo); }

    /** A photo encoded and decoded by the model's autoencoder, which limits what a restoration can reach. Empty if the model has none. */
    default Optional<Image> throughAutoencoder(Image photo) { return Optional.empty(); }

    /** Frees the model's memory. Does nothing the second time. */
    @Override void close();
}
