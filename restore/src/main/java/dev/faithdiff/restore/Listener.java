package dev.faithdiff.restore;

import dev.faithdiff.image.Image;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Hears of one restoration while it runs, on the restoring thread. It can end the restoration by throwing a {@link CancellationException}.
 * Interrupting the thread ends it, too, before the next op. Either way all memory is freed, and an existing resume file stays.
 */
@FunctionalInterface
public interface Listener {
    /** Hears nothing. */
    Listener NONE = (stage, step, steps) -> {};

    /**
     * A stage begins, or a step of it is done.
     *
     * @param stage {@code encode}, {@code denoise} or {@code decode}; a network of one pass has {@code enlarge} or a name of its own
     * @param step  finished steps of {@code steps}. Steps are denoising steps, and tiles in a network of one pass; {@code encode} and
     *              {@code decode} have 0 of 0
     */
    void at(String stage, int step, int steps);

    /**
     * A tile is done. This is called only where a stage, or a step of denoising, has several tiles.
     *
     * @param stage {@code encode} (with the tiles of all encoders together), {@code denoise} or {@code decode}; {@code clean} in a system that
     *              cleans the photo first
     * @param tile  finished tiles of {@code tiles}; in {@code denoise}, those of one step
     */
    default void tile(String stage, int tile, int tiles) {}

    /**
     * A denoising step is done.
     *
     * @param image makes a preview: the result that the step predicts, in the result's size and colours. This costs a decoding and does not
     *              change the restoration. It works until this call returns
     */
    default void preview(int step, int steps, Supplier<Image> image) {}

    /** A warning for the user, in one line. */
    default void warn(String line) {}

    /**
     * Words of the prompt whose {@link #map} is wanted. Maps take time and memory and do not change the restoration. Networks of
     * one pass make none; other restorers refuse words that the prompt does not have, and a resume file.
     */
    default List<String> words() { return List.of(); }

    /** Where the network looked at a word: the mean probability of its tokens, in the result's size. Called once for each word, at the end. */
    default void map(String word, HeatMap map) {}

    /** This listener, which wants no maps: for a restoration whose result is only a step on the way. */
    default Listener wordless() {
        Listener all = this;
        return new Listener() {
            @Override public void at(String stage, int step, int steps) { all.at(stage, step, steps); }

            @Override public void tile(String stage, int tile, int tiles) { all.tile(stage, tile, tiles); }

            @Override public void preview(int step, int steps, Supplier<Image> image) { all.preview(step, steps, image); }

            @Override public void warn(String line) { all.warn(line); }
        };
    }

    /** A listener that tells this one and then the next. */
    default Listener and(Listener next) {
        Listener first = this;
        return new Listener() {
            @Override public void at(String stage, int step, int steps) {
                first.at(stage, step, steps);
                next.at(stage, step, steps);
            }

            @Override public void tile(String stage, int tile, int tiles) {
                first.tile(stage, tile, tiles);
                next.tile(stage, tile, tiles);
            }

            @Override public void preview(int step, int steps, Supplier<Image> image) {
                first.preview(step, steps, image);
                next.preview(step, steps, image);
            }

            @Override public void warn(String line) {
                first.warn(line);
                next.warn(line);
            }

            @Override public List<String> words() { return Stream.concat(first.words().stream(), next.words().stream()).distinct().toList(); }

            @Override public void map(String word, HeatMap map) {
                first.map(word, map);
                next.map(word, map);
            }
        };
    }
}
