package dev.faithdiff.kernels.cpu;

import java.lang.foreign.Arena;

/**
 * The last few elements of a row, moved to a padded place of their own, so that vector loops see whole vectors only. Each thread
 * has its own places; a place holds one vector.
 */
public final class Tail {
    private static final int PLACE = 64;
    private static final ThreadLocal<Long> PLACES = ThreadLocal.withInitial(() -> Arena.global().allocate(5 * PLACE, PLACE).address());

    private Tail() {}

    /** The address of this thread's place 0..4. */
    public static long place(int number) { return PLACES.get() + (long) number * PLACE; }

    /** The address of a place, filled with {@code count} floats; the rest of it is whatever it was. */
    public static long load(int number, long from, int count) {
        long to = place(number);
        for (int i = 0; i < count; i++) Vec.set(to + 4L * i, Vec.get(from + 4L * i));
        return to;
    }

    /** Takes {@code count} floats out of a place. */
    public static void store(long place, long to, int count) {
        for (int i = 0; i < count; i++) Vec.set(to + 4L * i, Vec.get(place + 4L * i));
    }
}
