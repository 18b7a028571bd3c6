package dev.faithdiff.kernels.cpu;

/** Shares a long range among the threads in pieces that stay in the second cache; the pieces do not depend on the threads. */
public final class Pieces {
    /** Elements of a piece; a multiple of every vector's lanes. */
    public static final int GRAIN = 1 << 15;

    private Pieces() {}

    /** Elements {@code from} to {@code to}: one piece of the work. */
    public interface Body {
        void run(long from, int count);
    }

    /** Cuts {@code count} elements into pieces of {@link #GRAIN}; twice that is not worth a second thread. */
    public static void run(long count, Body body) { run(count, count <= 2 * GRAIN ? 2 * GRAIN : GRAIN, body); }

    /** Cuts rows of {@code width} elements into pieces of whole rows. */
    public static void rows(long rows, long width, Body body) {
        long each = Math.max(1, GRAIN / Math.max(1, width));
        run(rows, (int) (rows <= 2 * each ? 2 * each : each), body);
    }

    /** Cuts {@code count} elements into pieces of {@code grain}. */
    public static void run(long count, int grain, Body body) {
        int pieces = Math.toIntExact((count + grain - 1) / grain);
        Parallel.run(pieces, i -> {
            long from = (long) i * grain;
            body.run(from, (int) Math.min(grain, count - from));
        });
    }
}
