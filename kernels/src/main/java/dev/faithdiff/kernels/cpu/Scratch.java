package dev.faithdiff.kernels.cpu;

import java.lang.foreign.Arena;

/** A few floats of native memory for each thread, as a stop between two conversions. Small enough for the first cache. */
final class Scratch {
    /** Floats in it. */
    static final int SIZE = 2048;

    private static final ThreadLocal<Long> FLOATS = ThreadLocal.withInitial(() -> Arena.global().allocate(4L * SIZE, 64).address());

    private Scratch() {}

    /** The address of this thread's floats; whoever asks may be overwritten by whomever it calls. */
    static long floats() { return FLOATS.get(); }
}
