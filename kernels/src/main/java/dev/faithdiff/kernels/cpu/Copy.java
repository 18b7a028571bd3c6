package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.MEMORY;

import dev.faithdiff.tensor.DType;
import java.lang.foreign.MemorySegment;

/** Copies bytes between addresses. */
public final class Copy {
    private static final int SHORT_RUN = 64; // below this a call of the bulk copy costs more than it saves

    private Copy() {}

    /** Copies {@code count} bytes between addresses that do not overlap. */
    public static void bytes(long from, long to, long count) {
        if (count > SHORT_RUN) MemorySegment.copy(MEMORY, from, MEMORY, to, count);
        else few(from, to, (int) count);
    }

    /** Fills {@code count} bytes with zeros. */
    public static void zero(long to, long count) { MEMORY.asSlice(to, count).fill((byte) 0); }

    /** Copies {@code runs} runs of {@code bytes} each, {@code fromStep} and {@code toStep} bytes apart, on all threads. */
    public static void runs(long runs, long bytes, long from, long fromStep, long to, long toStep) {
        if (runs == 1 || fromStep == bytes && toStep == bytes) {
            Chunks.run(runs * bytes, 4 * Chunks.GRAIN, (at, count) -> bytes(from + at, to + at, count));
        } else {
            Chunks.rows(runs, (bytes + 3) / 4, (first, count) -> {
                for (long r = first; r < first + count; r++) bytes(from + r * fromStep, to + r * toStep, bytes);
            });
        }
    }

    private static void few(long from, long to, int count) {
        int i = 0;
        for (; i <= count - 8; i += 8) MEMORY.set(DType.LONG, to + i, MEMORY.get(DType.LONG, from + i));
        for (; i <= count - 4; i += 4) MEMORY.set(DType.INT, to + i, MEMORY.get(DType.INT, from + i));
        for (; i < count; i++) MEMORY.set(DType.BYTE, to + i, MEMORY.get(DType.BYTE, from + i));
    }
}
