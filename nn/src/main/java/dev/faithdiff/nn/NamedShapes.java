package dev.faithdiff.nn;

import dev.faithdiff.tensor.Shape;
import java.util.Arrays;
import java.util.Map;

/**
 * The shapes of a network's tensors by name, as files hold them. The sizes of a network can be read from them where no settings are given.
 * A tensor that is missing, or has too few axes or an empty one, is an IllegalArgumentException that names it.
 */
public record NamedShapes(Map<String, Shape> shapes) {
    public boolean has(String name) { return shapes.containsKey(name); }

    /** How many axes a tensor has. */
    public int rank(String name) { return shape(name).rank(); }

    /** The size of one axis of a tensor, at least 1. */
    public int size(String name, int axis) {
        Shape s = shape(name);
        if (s.rank() > axis && s.size(axis) > 0) return s.size(axis);
        throw new IllegalArgumentException(name + " has the impossible shape " + s);
    }

    /** The length of a list of modules: how many of {@code LIST.0.TENSOR}, {@code LIST.1.TENSOR} and so on there are. */
    public int count(String list, String tensor) {
        int n = 0;
        while (has(name(list, n, tensor))) n++;
        return n;
    }

    /** The size of one axis for each module of a list that {@link #count} counts; the list must not be empty. */
    public int[] sizes(String list, String tensor, int axis) {
        int[] sizes = new int[count(list, tensor)];
        if (sizes.length == 0) shape(name(list, 0, tensor));
        for (int i = 0; i < sizes.length; i++) sizes[i] = size(name(list, i, tensor), axis);
        return sizes;
    }

    /** Fails unless all widths can be parted by a number that does not show in shapes. @param what it is, for the message */
    public static void requireMultiples(int[] widths, int number, String what) {
        if (Arrays.stream(widths).allMatch(w -> w % number == 0)) return;
        throw new IllegalArgumentException("widths " + Arrays.toString(widths) + " are not multiples of " + number + ", " + what);
    }

    private static String name(String list, int index, String tensor) { return list + "." + index + "." + tensor; }

    private Shape shape(String name) {
        Shape s = shapes.get(name);
        if (s == null) throw new IllegalArgumentException(name + " is missing");
        return s;
    }
}
