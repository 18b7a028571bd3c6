package dev.faithdiff.kernels.cpu;

import java.lang.foreign.Arena;

/**
 * Buffers of one vector each for the last few elements of a row, so that loops see whole vectors only. Each thread has five of its own.
 */
public final class Tail {
    private static final int PLACE = 64;
    private static final ThreadLocal<Long> PLACES = ThreadLocal.withInitial(() -> Arena.global().allocate(5 * PLACE, PLACE).address());

    private Tail() {}

    /** The address of this thread's buffer 0..4. */
    public static long place(int number) { return PLACES.get() + (long) number * PLACE; }

    /** Copies {@code count} floats into a buffer and returns its address; the other lanes are undefined. */
    public static long load(int number, long from, int count) {
        long to = place(number);
        for (int i = 0; i < count; i++) Vec.set(to + 4L * i, Vec.get(from + 4L * i));
        return to;
    }

    /** Copies {@code count} floats from a buffer to an address. */
    public static void store(long place, long to, int count) {
        for (int i = 0; i < count; i++) Vec.set(to + 4L * i, Vec.get(place + 4L * i));
    }
}
