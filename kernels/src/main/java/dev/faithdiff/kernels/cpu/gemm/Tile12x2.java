package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LE;
import static dev.faithdiff.kernels.cpu.Vec.MEMORY;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;

import dev.faithdiff.kernels.cpu.Vec;
import jdk.incubator.vector.FloatVector;

/**
 * The micro-kernel for machines with 32 vector registers: 24 accumulators, 12 rows of A by a panel of two vectors of B.
 *
 * <p>It loads the accumulators from an array and stores them to an array. With native memory there, or with zeros made in registers, the method is
 * too large for the JIT compiler: it stays in the slow tier, or allocates an object for each vector, and is 60 times slower.
 */
final class Tile12x2 {
    private static final int L = Vec.LANES;
    private static final long BYTES = 4L * L;

    private Tile12x2() {}

    /** to[t..] = from[f..] + A B, where A is 12 rows of {@code rows} from index a on and B a panel at address b. */
    static void multiply(int depth, float[] rows, int a, long b, float[] from, int f, float[] to, int t) {
        FloatVector c00 = FloatVector.fromArray(F, from, f), c01 = FloatVector.fromArray(F, from, f + L);
        FloatVector c10 = FloatVector.fromArray(F, from, f + 2 * L), c11 = FloatVector.fromArray(F, from, f + 3 * L);
        FloatVector c20 = FloatVector.fromArray(F, from, f + 4 * L), c21 = FloatVector.fromArray(F, from, f + 5 * L);
        FloatVector c30 = FloatVector.fromArray(F, from, f + 6 * L), c31 = FloatVector.fromArray(F, from, f + 7 * L);
        FloatVector c40 = FloatVector.fromArray(F, from, f + 8 * L), c41 = FloatVector.fromArray(F, from, f + 9 * L);
        FloatVector c50 = FloatVector.fromArray(F, from, f + 10 * L), c51 = FloatVector.fromArray(F, from, f + 11 * L);
        FloatVector c60 = FloatVector.fromArray(F, from, f + 12 * L), c61 = FloatVector.fromArray(F, from, f + 13 * L);
        FloatVector c70 = FloatVector.fromArray(F, from, f + 14 * L), c71 = FloatVector.fromArray(F, from, f + 15 * L);
        FloatVector c80 = FloatVector.fromArray(F, from, f + 16 * L), c81 = FloatVector.fromArray(F, from, f + 17 * L);
        FloatVector c90 = FloatVector.fromArray(F, from, f + 18 * L), c91 = FloatVector.fromArray(F, from, f + 19 * L);
        FloatVector ca0 = FloatVector.fromArray(F, from, f + 20 * L), ca1 = FloatVector.fromArray(F, from, f + 21 * L);
        FloatVector cb0 = FloatVector.fromArray(F, from, f + 22 * L), cb1 = FloatVector.fromArray(F, from, f + 23 * L);
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
            x = FloatVector.broadcast(F, rows[a + 4 * STRIDE]);
            c40 = x.fma(b0, c40); c41 = x.fma(b1, c41);
            x = FloatVector.broadcast(F, rows[a + 5 * STRIDE]);
            c50 = x.fma(b0, c50); c51 = x.fma(b1, c51);
            x = FloatVector.broadcast(F, rows[a + 6 * STRIDE]);
            c60 = x.fma(b0, c60); c61 = x.fma(b1, c61);
            x = FloatVector.broadcast(F, rows[a + 7 * STRIDE]);
            c70 = x.fma(b0, c70); c71 = x.fma(b1, c71);
            x = FloatVector.broadcast(F, rows[a + 8 * STRIDE]);
            c80 = x.fma(b0, c80); c81 = x.fma(b1, c81);
            x = FloatVector.broadcast(F, rows[a + 9 * STRIDE]);
            c90 = x.fma(b0, c90); c91 = x.fma(b1, c91);
            x = FloatVector.broadcast(F, rows[a + 10 * STRIDE]);
            ca0 = x.fma(b0, ca0); ca1 = x.fma(b1, ca1);
            x = FloatVector.broadcast(F, rows[a + 11 * STRIDE]);
            cb0 = x.fma(b0, cb0); cb1 = x.fma(b1, cb1);
        }
        c00.intoArray(to, t); c01.intoArray(to, t + L);
        c10.intoArray(to, t + 2 * L); c11.intoArray(to, t + 3 * L);
        c20.intoArray(to, t + 4 * L); c21.intoArray(to, t + 5 * L);
        c30.intoArray(to, t + 6 * L); c31.intoArray(to, t + 7 * L);
        c40.intoArray(to, t + 8 * L); c41.intoArray(to, t + 9 * L);
        c50.intoArray(to, t + 10 * L); c51.intoArray(to, t + 11 * L);
        c60.intoArray(to, t + 12 * L); c61.intoArray(to, t + 13 * L);
        c70.intoArray(to, t + 14 * L); c71.intoArray(to, t + 15 * L);
        c80.intoArray(to, t + 16 * L); c81.intoArray(to, t + 17 * L);
        c90.intoArray(to, t + 18 * L); c91.intoArray(to, t + 19 * L);
        ca0.intoArray(to, t + 20 * L); ca1.intoArray(to, t + 21 * L);
        cb0.intoArray(to, t + 22 * L); cb1.intoArray(to, t + 23 * L);
    }

    /** to[t..] = from[f..] + A B, for A stored transposed: column k is the 12 numbers of {@code columns} from index a + k * STRIDE on. */
    static void multiplyTransposed(int depth, float[] columns, int a, long b, float[] from, int f, float[] to, int t) {
        FloatVector c00 = FloatVector.fromArray(F, from, f), c01 = FloatVector.fromArray(F, from, f + L);
        FloatVector c10 = FloatVector.fromArray(F, from, f + 2 * L), c11 = FloatVector.fromArray(F, from, f + 3 * L);
        FloatVector c20 = FloatVector.fromArray(F, from, f + 4 * L), c21 = FloatVector.fromArray(F, from, f + 5 * L);
        FloatVector c30 = FloatVector.fromArray(F, from, f + 6 * L), c31 = FloatVector.fromArray(F, from, f + 7 * L);
        FloatVector c40 = FloatVector.fromArray(F, from, f + 8 * L), c41 = FloatVector.fromArray(F, from, f + 9 * L);
        FloatVector c50 = FloatVector.fromArray(F, from, f + 10 * L), c51 = FloatVector.fromArray(F, from, f + 11 * L);
        FloatVector c60 = FloatVector.fromArray(F, from, f + 12 * L), c61 = FloatVector.fromArray(F, from, f + 13 * L);
        FloatVector c70 = FloatVector.fromArray(F, from, f + 14 * L), c71 = FloatVector.fromArray(F, from, f + 15 * L);
        FloatVector c80 = FloatVector.fromArray(F, from, f + 16 * L), c81 = FloatVector.fromArray(F, from, f + 17 * L);
        FloatVector c90 = FloatVector.fromArray(F, from, f + 18 * L), c91 = FloatVector.fromArray(F, from, f + 19 * L);
        FloatVector ca0 = FloatVector.fromArray(F, from, f + 20 * L), ca1 = FloatVector.fromArray(F, from, f + 21 * L);
        FloatVector cb0 = FloatVector.fromArray(F, from, f + 22 * L), cb1 = FloatVector.fromArray(F, from, f + 23 * L);
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
            x = FloatVector.broadcast(F, columns[a + 4]);
            c40 = x.fma(b0, c40); c41 = x.fma(b1, c41);
            x = FloatVector.broadcast(F, columns[a + 5]);
            c50 = x.fma(b0, c50); c51 = x.fma(b1, c51);
            x = FloatVector.broadcast(F, columns[a + 6]);
            c60 = x.fma(b0, c60); c61 = x.fma(b1, c61);
            x = FloatVector.broadcast(F, columns[a + 7]);
            c70 = x.fma(b0, c70); c71 = x.fma(b1, c71);
            x = FloatVector.broadcast(F, columns[a + 8]);
            c80 = x.fma(b0, c80); c81 = x.fma(b1, c81);
            x = FloatVector.broadcast(F, columns[a + 9]);
            c90 = x.fma(b0, c90); c91 = x.fma(b1, c91);
            x = FloatVector.broadcast(F, columns[a + 10]);
            ca0 = x.fma(b0, ca0); ca1 = x.fma(b1, ca1);
            x = FloatVector.broadcast(F, columns[a + 11]);
            cb0 = x.fma(b0, cb0); cb1 = x.fma(b1, cb1);
        }
        c00.intoArray(to, t); c01.intoArray(to, t + L);
        c10.intoArray(to, t + 2 * L); c11.intoArray(to, t + 3 * L);
        c20.intoArray(to, t + 4 * L); c21.intoArray(to, t + 5 * L);
        c30.intoArray(to, t + 6 * L); c31.intoArray(to, t + 7 * L);
        c40.intoArray(to, t + 8 * L); c41.intoArray(to, t + 9 * L);
        c50.intoArray(to, t + 10 * L); c51.intoArray(to, t + 11 * L);
        c60.intoArray(to, t + 12 * L); c61.intoArray(to, t + 13 * L);
        c70.intoArray(to, t + 14 * L); c71.intoArray(to, t + 15 * L);
        c80.intoArray(to, t + 16 * L); c81.intoArray(to, t + 17 * L);
        c90.intoArray(to, t + 18 * L); c91.intoArray(to, t + 19 * L);
        ca0.intoArray(to, t + 20 * L); ca1.intoArray(to, t + 21 * L);
        cb0.intoArray(to, t + 22 * L); cb1.intoArray(to, t + 23 * L);
    }
}
