package dev.faithdiff.restore.batch;

import dev.faithdiff.image.Image;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import java.util.Map;
import java.util.function.Function;

/** Hears what becomes of the photos of a {@link Batch}. */
public interface BatchListener {
    /** What became of a photo. Skipped: its output was there already. */
    enum Outcome { DONE, SKIPPED, FAILED }

    /**
     * Lets a photo be restored, on the restoring thread.
     *
     * @param restore does it, and tells the listener that it is given
     * @return what {@code restore} gives
     */
    default Image restoring(Job job, Options options, Function<Listener, Image> restore) { return restore.apply(Listener.NONE); }

    /**
     * A photo is done with. Calls come one after another, from any thread; the next photo may be under way.
     *
     * @param facts of the photo by name, as far as they are known: {@code width}, {@code height}, {@code outWidth}, {@code outHeight}
     *              (pixels), {@code seconds}, {@code seed}, {@code settings} (see {@link ResultSettings#values}) and {@code error}, the reason
     *              of a failure in one line
     */
    void finished(Job job, Outcome outcome, Map<String, Object> facts);

    /** The reason of a failure in one line. */
    default String reason(Throwable e) { return String.valueOf(e.getMessage()).replaceAll("\\s*\\R\\s*", " "); }
}
