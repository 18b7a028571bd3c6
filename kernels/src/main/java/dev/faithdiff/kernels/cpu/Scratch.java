package dev.faithdiff.kernels.cpu;

import java.lang.foreign.Arena;

/** A small native buffer for each thread, for values between two steps. It fits the L1 cache. */
public final class Scratch {
    /** Size of the buffer. */
    public static final int BYTES = 1 << 15;
    /** Floats in half of the buffer. */
    public static final int FLOATS = BYTES / 8;

    private static final ThreadLocal<Long> ADDRESS = ThreadLocal.withInitial(() -> Arena.global().allocate(BYTES, 64).address());

    private Scratch() {}

    /** Address of this thread's buffer. Any method that the caller calls may overwrite it. */
    public static long address() { return ADDRESS.get(); }
}
