package dev.faithdiff.kernels.cpu;

import java.lang.foreign.Arena;

/** A little native memory for each thread, as a stop between two steps. Small enough for the first cache. */
public final class Scratch {
    /** Its size. */
    public static final int BYTES = 1 << 15;
    /** Floats in the half of it. */
    public static final int FLOATS = BYTES / 8;

    private static final ThreadLocal<Long> ADDRESS = ThreadLocal.withInitial(() -> Arena.global().allocate(BYTES, 64).address());

    private Scratch() {}

    /** This thread's memory; whoever asks may be overwritten by whomever it calls. */
    public static long address() { return ADDRESS.get(); }
}
