package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LE;
import static dev.faithdiff.kernels.cpu.Vec.MEMORY;

import java.lang.invoke.VarHandle;
import jdk.incubator.vector.FloatVector;

/**
 * The micro-kernel for machines with 16 vector registers: 12 accumulators, 6 rows of A by a panel of two vectors of B.
 *
 * <p>Left alone, the compiler loads the numbers of all six rows before it multiplies, has no registers for them and is half as fast.
 * Fences make it take one after the other; on x86 they are no instructions. Machines with more registers, which use this tile for the
 * last rows only, do without.
 */
final class Tile6x2 {
    private static final int L = Vec.LANES;
    private static final long BYTES = 4L * L;
    private static final boolean FENCED = Panels.ROWS == 6;

    private Tile6x2() {}

    /** to[t..] = from[f..] + A B, where A is 6 rows of {@code rows} from index a on and B a panel at address b. */
    static void multiply(int depth, float[] rows, int a, long b, float[] from, int f, float[] to, int t) {
        FloatVector c00 = FloatVector.fromArray(F, from, f), c01 = FloatVector.fromArray(F, from, f + L);
        FloatVector c10 = FloatVector.fromArray(F, from, f + 2 * L), c11 = FloatVector.fromArray(F, from, f + 3 * L);
        FloatVector c20 = FloatVector.fromArray(F, from, f + 4 * L), c21 = FloatVector.fromArray(F, from, f + 5 * L);
        FloatVector c30 = FloatVector.fromArray(F, from, f + 6 * L), c31 = FloatVector.fromArray(F, from, f + 7 * L);
        FloatVector c40 = FloatVector.fromArray(F, from, f + 8 * L), c41 = FloatVector.fromArray(F, from, f + 9 * L);
        FloatVector c50 = FloatVector.fromArray(F, from, f + 10 * L), c51 = FloatVector.fromArray(F, from, f + 11 * L);
        for (int k = 0; k < depth; k++, a++, b += 2 * BYTES) {
            FloatVector b0 = FloatVector.fromMemorySegment(F, MEMORY, b, LE);
            FloatVector b1 = FloatVector.fromMemorySegment(F, MEMORY, b + BYTES, LE);
            FloatVector x = FloatVector.broadcast(F, rows[a]);
            c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); if (FENCED) VarHandle.loadLoadFence();
            x = FloatVector.broadcast(F, rows[a + STRIDE]);
            c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); if (FENCED) VarHandle.loadLoadFence();
            x = FloatVector.broadcast(F, rows[a + 2 * STRIDE]);
            c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); if (FENCED) VarHandle.loadLoadFence();
            x = FloatVector.broadcast(F, rows[a + 3 * STRIDE]);
            c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); if (FENCED) VarHandle.loadLoadFence();
            x = FloatVector.broadcast(F, rows[a + 4 * STRIDE]);
            c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); if (FENCED) VarHandle.loadLoadFence();
            x = FloatVector.broadcast(F, rows[a + 5 * STRIDE]);
            c50 = x.fma(b0, c50); c51 = x.fma(b1, c51);
        }
        c00.intoArray(to, t); c01.intoArray(to, t + L);
        c10.intoArray(to, t + 2 * L); c11.intoArray(to, t + 3 * L);
        c20.intoArray(to, t + 4 * L); c21.intoArray(to, t + 5 * L);
        c30.intoArray(to, t + 6 * L); c31.intoArray(to, t + 7 * L);
        c40.intoArray(to, t + 8 * L); c41.intoArray(to, t + 9 * L);
        c50.intoArray(to, t + 10 * L); c51.intoArray(to, t + 11 * L);
    }

    /** to[t..] = from[f..] + A B, for A that lies turned: its column k is the 6 numbers of {@code columns} from index a + k * STRIDE on. */
    static void multiplyTurned(int depth, float[] columns, int a, long b, float[] from, int f, float[] to, int t) {
        FloatVector c00 = FloatVector.fromArray(F, from, f), c01 = FloatVector.fromArray(F, from, f + L);
        FloatVector c10 = FloatVector.fromArray(F, from, f + 2 * L), c11 = FloatVector.fromArray(F, from, f + 3 * L);
        FloatVector c20 = FloatVector.fromArray(F, from, f + 4 * L), c21 = FloatVector.fromArray(F, from, f + 5 * L);
        FloatVector c30 = FloatVector.fromArray(F, from, f + 6 * L), c31 = FloatVector.fromArray(F, from, f + 7 * L);
        FloatVector c40 = FloatVector.fromArray(F, from, f + 8 * L), c41 = FloatVector.fromArray(F, from, f + 9 * L);
        FloatVector c50 = FloatVector.fromArray(F, from, f + 10 * L), c51 = FloatVector.fromArray(F, from, f + 11 * L);
        for (int k = 0; k < depth; k++, a += STRIDE, b += 2 * BYTES) {
            FloatVector b0 = FloatVector.fromMemorySegment(F, MEMORY, b, LE);
            FloatVector b1 = FloatVector.fromMemorySegment(F, MEMORY, b + BYTES, LE);
            FloatVector x = FloatVector.broadcast(F, columns[a]);
            c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); if (FENCED) VarHandle.loadLoadFence();
            x = FloatVector.broadcast(F, columns[a + 1]);
            c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); if (FENCED) VarHandle.loadLoadFence();
            x = FloatVector.broadcast(F, columns[a + 2]);
            c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); if (FENCED) VarHandle.loadLoadFence();
            x = FloatVector.broadcast(F, columns[a + 3]);
            c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); if (FENCED) VarHandle.loadLoadFence();
            x = FloatVector.broadcast(F, columns[a + 4]);
            c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); if (FENCED) VarHandle.loadLoadFence();
            x = FloatVector.broadcast(F, columns[a + 5]);
            c50 = x.fma(b0, c50); c51 = x.fma(b1, c51);
        }
        c00.intoArray(to, t); c01.intoArray(to, t + L);
        c10.intoArray(to, t + 2 * L); c11.intoArray(to, t + 3 * L);
        c20.intoArray(to, t + 4 * L); c21.intoArray(to, t + 5 * L);
        c30.intoArray(to, t + 6 * L); c31.intoArray(to, t + 7 * L);
        c40.intoArray(to, t + 8 * L); c41.intoArray(to, t + 9 * L);
        c50.intoArray(to, t + 10 * L); c51.intoArray(to, t + 11 * L);
    }
}
