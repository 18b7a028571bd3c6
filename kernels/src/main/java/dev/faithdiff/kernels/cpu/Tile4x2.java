package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LE;
import static dev.faithdiff.kernels.cpu.Vec.MEMORY;

import jdk.incubator.vector.FloatVector;

/**
 * The micro-kernel for machines with 16 vector registers: 8 accumulators, 4 rows of A by a panel of two vectors of B.
 *
 * <p>The compiler keeps the broadcasts of all rows live, so that 6 rows, 12 accumulators, would spill: that is half as fast.
 */
final class Tile4x2 {
    private static final int L = Vec.LANES;
    private static final long BYTES = 4L * L;

    private Tile4x2() {}

    /** to[t..] = from[f..] + A B, where A is 4 rows of {@code rows} from index a on and B a panel at address b. */
    static void multiply(int depth, float[] rows, int a, long b, float[] from, int f, float[] to, int t) {
        FloatVector c00 = FloatVector.fromArray(F, from, f), c01 = FloatVector.fromArray(F, from, f + L);
        FloatVector c10 = FloatVector.fromArray(F, from, f + 2 * L), c11 = FloatVector.fromArray(F, from, f + 3 * L);
        FloatVector c20 = FloatVector.fromArray(F, from, f + 4 * L), c21 = FloatVector.fromArray(F, from, f + 5 * L);
        FloatVector c30 = FloatVector.fromArray(F, from, f + 6 * L), c31 = FloatVector.fromArray(F, from, f + 7 * L);
        for (int k = 0; k < depth; k++, a++, b += 2 * BYTES) {
            FloatVector b0 = FloatVector.fromMemorySegment(F, MEMORY, b, LE);
            FloatVector b1 = FloatVector.fromMemorySegment(F, MEMORY, b + BYTES, LE);
            FloatVector x = FloatVector.broadcast(F, rows[a]);
            c00 = x.fma(b0, c00); c01 = x.fma(b1, c01);
            x = FloatVector.broadcast(F, rows[a + STRIDE]);
            c10 = x.fma(b0, c10); c11 = x.fma(b1, c11);
            x = FloatVector.broadcast(F, rows[a + 2 * STRIDE]);
            c20 = x.fma(b0, c20); c21 = x.fma(b1, c21);
            x = FloatVector.broadcast(F, rows[a + 3 * STRIDE]);
            c30 = x.fma(b0, c30); c31 = x.fma(b1, c31);
        }
        c00.intoArray(to, t); c01.intoArray(to, t + L);
        c10.intoArray(to, t + 2 * L); c11.intoArray(to, t + 3 * L);
        c20.intoArray(to, t + 4 * L); c21.intoArray(to, t + 5 * L);
        c30.intoArray(to, t + 6 * L); c31.intoArray(to, t + 7 * L);
    }

    /** to[t..] = from[f..] + A B, for A that lies turned: its column k is the 4 numbers of {@code columns} from index a + k * STRIDE on. */
    static void multiplyTurned(int depth, float[] columns, int a, long b, float[] from, int f, float[] to, int t) {
        FloatVector c00 = FloatVector.fromArray(F, from, f), c01 = FloatVector.fromArray(F, from, f + L);
        FloatVector c10 = FloatVector.fromArray(F, from, f + 2 * L), c11 = FloatVector.fromArray(F, from, f + 3 * L);
        FloatVector c20 = FloatVector.fromArray(F, from, f + 4 * L), c21 = FloatVector.fromArray(F, from, f + 5 * L);
        FloatVector c30 = FloatVector.fromArray(F, from, f + 6 * L), c31 = FloatVector.fromArray(F, from, f + 7 * L);
        for (int k = 0; k < depth; k++, a += STRIDE, b += 2 * BYTES) {
            FloatVector b0 = FloatVector.fromMemorySegment(F, MEMORY, b, LE);
            FloatVector b1 = FloatVector.fromMemorySegment(F, MEMORY, b + BYTES, LE);
            FloatVector x = FloatVector.broadcast(F, columns[a]);
            c00 = x.fma(b0, c00); c01 = x.fma(b1, c01);
            x = FloatVector.broadcast(F, columns[a + 1]);
            c10 = x.fma(b0, c10); c11 = x.fma(b1, c11);
            x = FloatVector.broadcast(F, columns[a + 2]);
            c20 = x.fma(b0, c20); c21 = x.fma(b1, c21);
            x = FloatVector.broadcast(F, columns[a + 3]);
            c30 = x.fma(b0, c30); c31 = x.fma(b1, c31);
        }
        c00.intoArray(to, t); c01.intoArray(to, t + L);
        c10.intoArray(to, t + 2 * L); c11.intoArray(to, t + 3 * L);
        c20.intoArray(to, t + 4 * L); c21.intoArray(to, t + 5 * L);
        c30.intoArray(to, t + 6 * L); c31.intoArray(to, t + 7 * L);
    }
}
