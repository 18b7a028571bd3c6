package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.MEMORY;

import dev.faithdiff.tensor.DType;
import java.lang.foreign.MemorySegment;

/** Copies bytes between addresses; rows of whole floats by machine code, where that is possible. */
public final class Copy {
    private static final boolean EMITTED = VecCode.isHere();
    private static final int VECTOR = 4 * Vec.LANES;
    private static final int LONG_ROW = 1024; // from here on the bulk copy is faster
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
            Chunks.rows(runs, (bytes + 3) / 4, (first, count) -> rows(count, bytes, from + first * fromStep, fromStep, to + first * toStep, toStep));
        }
    }

    /** Copies {@code count} rows of {@code bytes} each, {@code fromStep} and {@code toStep} bytes apart, on this thread. */
    public static void rows(long count, long bytes, long from, long fromStep, long to, long toStep) {
        if (EMITTED && bytes % 4 == 0 && bytes < LONG_ROW && count > 1) {
            CopyCode.ROWS.call(from, to, bytes / VECTOR, bytes % VECTOR / 4, count, fromStep, toStep, 0);
        } else {
            for (long r = 0; r < count; r++) bytes(from + r * fromStep, to + r * toStep, bytes);
        }
    }

    private static void few(long from, long to, int count) {
        int i = 0;
        for (; i <= count - 8; i += 8) MEMORY.set(DType.LONG, to + i, MEMORY.get(DType.LONG, from + i));
        for (; i <= count - 4; i += 4) MEMORY.set(DType.INT, to + i, MEMORY.get(DType.INT, from + i));
        for (; i < count; i++) MEMORY.set(DType.BYTE, to + i, MEMORY.get(DType.BYTE, from + i));
    }
}
