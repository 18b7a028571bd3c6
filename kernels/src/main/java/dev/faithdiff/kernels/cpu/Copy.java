package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.MEMORY;

import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.tensor.DType;
import java.lang.foreign.MemorySegment;

/** Copies bytes between addresses; rows of whole floats by machine code, where that is possible. */
public final class Copy {
    private static final boolean EMITTED = VecCode.isHere();
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
        if (EMITTED && bytes % 4 == 0 && count > 1) {
            Code.ROWS.call(from, to, bytes / Code.VECTOR, bytes % Code.VECTOR / 4, count, fromStep, toStep, 0);
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

    private static final class Code {
        static final int VECTOR = 4 * Vec.LANES;
        static final Routine ROWS = write();

        /** Addresses from and to; vectors of a row, floats of a row beyond them; rows; bytes from row to row. Short rows want no masked stores. */
        private static Routine write() {
            VectorCode c = VecCode.start();
            c.repeat(c.argument(4), () -> {
                Gpr from = c.copy(c.argument(0)), to = c.copy(c.argument(1));
                c.repeat(c.argument(2), () -> {
                    c.store(c.load(from, 0), to, 0);
                    c.advance(from, VECTOR);
                    c.advance(to, VECTOR);
                });
                c.repeat(c.argument(3), () -> {
                    c.copyInt(from, to);
                    c.advance(from, 4);
                    c.advance(to, 4);
                });
                c.advance(c.argument(0), c.argument(5));
                c.advance(c.argument(1), c.argument(6));
                c.release(from);
                c.release(to);
            });
            return c.routine("copy_rows");
        }
    }
}
