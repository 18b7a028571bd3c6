package dev.faithdiff.restore;

import static dev.faithdiff.restore.CommonOptions.LONG_SIDE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SIZE;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Wrap;
import java.util.List;

/** Width and height of a result in pixels, which follow from the photo's and from scale, size or long side. */
public record ResultSize(int width, int height) {
    /** The options of which one says how large a result is. */
    public static final List<Option<?>> OPTIONS = List.of(SCALE, SIZE, LONG_SIDE);
    /** Why no two of scale, size and long side go together. */
    public static final String EXCLUSIVE = "scale, size and long-side exclude each other; leave out all but one";

    /** The size of the result for a photo. @throws IllegalArgumentException in one line if no array can hold the result */
    public static ResultSize of(Options options, Image photo) { return of(options, photo.width(), photo.height()); }

    /** As {@link #of(Options, Image)}. @param width the photo's in pixels. @param height the photo's */
    public static ResultSize of(Options options, int width, int height) {
        double factor = factor(options, width, height);
        long w = Math.max(1, Math.round(width * factor)), h = Math.max(1, Math.round(height * factor));
        if (w > Integer.MAX_VALUE || h > Integer.MAX_VALUE || w * h > (Integer.MAX_VALUE - 8) / 3) {
            throw new IllegalArgumentException("the result would be " + w + "x" + h + ", more than this program can hold; use a smaller scale");
        }
        return new ResultSize((int) w, (int) h);
    }

    private static double factor(Options options, int width, int height) {
        if (options.get(LONG_SIDE) != null) return options.get(LONG_SIDE) / (double) Math.max(width, height);
        if (options.get(SIZE) == null) return options.get(SCALE);
        String[] sides = options.get(SIZE).split("x");
        return Math.min(Integer.parseInt(sides[0]) / (double) width, Integer.parseInt(sides[1]) / (double) height);
    }

    /** @throws IllegalArgumentException in one line if two of scale, size and long side are set. @param defaults whose scale is not set */
    static void check(Options options, Options defaults) {
        boolean size = options.get(SIZE) != null, side = options.get(LONG_SIDE) != null;
        boolean scale = !options.get(SCALE).equals(defaults.get(SCALE));
        if (size && side || scale && (size || side)) {
            throw new IllegalArgumentException(EXCLUSIVE);
        }
    }

    /** Whether a result's size follows from the scale, and not from size or long side. */
    public static boolean isScaled(Options o) { return o.get(SIZE) == null && o.get(LONG_SIDE) == null; }

    /** Options with the scale, size and long side of others. @param defaults whose scale counts where size or long side are set */
    static Options copied(Options from, Options to, Options defaults) {
        return to.with(SCALE, isScaled(from) ? from.get(SCALE) : defaults.get(SCALE)).with(SIZE, from.get(SIZE)).with(LONG_SIDE, from.get(LONG_SIDE));
    }

    /** Options that keep a photo's size. */
    static Options same(Options o) { return o.with(SCALE, 1.0).with(SIZE, null).with(LONG_SIDE, null); }

    /** The scale, for work that needs a whole one. @throws IllegalArgumentException in one line if it is not, or if size or long side are set */
    public static int wholeScale(Options options) {
        double scale = options.get(SCALE);
        if (scale >= 1 && scale == Math.rint(scale) && isScaled(options)) return (int) scale;
        throw new IllegalArgumentException("this needs a whole scale of at least 1, without size and long-side");
    }

    /** How many times wider this is than a photo. */
    double over(Image photo) { return (double) width / photo.width(); }

    /** An image resized to this. @param wrap the axes along which it goes on with its other end */
    public Image resized(Image image, Wrap wrap) { return wrap.resized(image, width, height, Filter.LANCZOS); }
}
