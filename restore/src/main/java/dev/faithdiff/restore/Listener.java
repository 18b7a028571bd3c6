package dev.faithdiff.restore;

import dev.faithdiff.image.Image;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;

/**
 * Hears of one restoration while it runs, on the restoring thread. A {@link CancellationException} thrown from here ends it, and so does
 * interrupting the thread, which is noticed before the next op; either way all memory is given back and an existing resume file stays.
 */
@FunctionalInterface
public interface Listener {
    Listener NONE = (stage, step, steps) -> {};

    /**
     * How far it is.
     *
     * @param stage {@code encode}, {@code denoise} or {@code decode}; of a network of one pass {@code enlarge} or a name of its own
     * @param step  finished steps of {@code steps}, which are tiles in a network of one pass; 0 of 0 when encoding and decoding
     */
    void at(String stage, int step, int steps);

    /**
     * After each tile, where a stage or a step of denoising works in more than one. A network that sees the image whole works in one.
     *
     * @param stage {@code encode}, whose tiles are those of both encoders together, {@code denoise} or {@code decode}
     * @param tile  finished tiles of {@code tiles}, which are those of the step in {@code denoise}
     */
    default void tile(String stage, int tile, int tiles) {}

    /**
     * After each denoising step.
     *
     * @param image makes the result that the step predicts, of the result's size and colours; costs a decoding, changes nothing, and works
     *              until this call returns
     */
    default void preview(int step, int steps, Supplier<Image> image) {}

    /** One line that the user should see. */
    default void warn(String line) {}

    /** Tells both, this one first. */
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
        };
    }
}
