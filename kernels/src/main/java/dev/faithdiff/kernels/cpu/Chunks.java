package dev.faithdiff.kernels.cpu;

/** Divides a long range into chunks that fit the L2 cache, and runs them on all threads. The chunks do not depend on the number of threads. */
public final class Chunks {
    /** Elements of a chunk; a multiple of every vector's lanes. */
    public static final int GRAIN = 1 << 15;

    private Chunks() {}

    /** The work on one chunk: {@code count} elements from element {@code from} on. */
    public interface Body {
        void run(long from, int count);
    }

    /** Runs {@code count} elements in chunks of {@link #GRAIN}; up to twice that is one chunk, which is not worth a second thread. */
    public static void run(long count, Body body) { run(count, count <= 2 * GRAIN ? 2 * GRAIN : GRAIN, body); }

    /** Runs rows of {@code width} elements in chunks of whole rows; the body's numbers are rows. */
    public static void rows(long rows, long width, Body body) {
        long each = Math.max(1, GRAIN / Math.max(1, width));
        run(rows, (int) (rows <= 2 * each ? 2 * each : each), body);
    }

    /** Runs {@code count} elements in chunks of {@code grain}. */
    public static void run(long count, int grain, Body body) {
        int chunks = Math.toIntExact((count + grain - 1) / grain);
        Parallel.run(chunks, i -> {
            long from = (long) i * grain;
            body.run(from, (int) Math.min(grain, count - from));
        });
    }
}
