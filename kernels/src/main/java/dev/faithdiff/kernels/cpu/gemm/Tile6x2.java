package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.Vec.ADDRESS;
import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LE;
import static dev.faithdiff.kernels.cpu.Vec.MEMORY;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static java.lang.invoke.VarHandle.loadLoadFence;

import dev.faithdiff.kernels.cpu.Vec;
import jdk.incubator.vector.FloatVector;

/**
 * The micro-kernel for machines with 16 vector registers: 12 accumulators, 6 rows of A by a panel of two vectors of B.
 *
 * <p>Its loop must have few instructions beside the multiply-adds: a core that another program shares issues half as many, and a loop of 30
 * instructions for 12 multiply-adds then takes a third longer than one of 22. So four or eight steps of K are unrolled by hand (the compiler does not
 * unroll across fences), and addresses are masked by {@link Vec#ADDRESS}, which shows the compiler that they are in bounds.
 *
 * <p>Without fences, the compiler loads the values of all six rows before it multiplies, runs out of registers, and is half as fast. With fences it
 * loads one after the other; on x86 they cost no instruction. On aarch64, which has more registers, this tile computes only the last rows, without
 * fences.
 */
final class Tile6x2 {
    private static final int L = Vec.LANES;
    private static final long BYTES = 4L * L;
    private static final int LONG = 512; // from this depth on, eight steps at a time are worth their additional bounds checks
    private static final boolean FENCED = !System.getProperty("os.arch").equals("aarch64");

    private Tile6x2() {}

    /** to[t..] = from[f..] + A B, where A is 6 rows of {@code rows} from index a on and B a panel at address b. */
    static void multiply(int depth, float[] rows, int a, long b, float[] from, int f, float[] to, int t) {
        if (depth >= LONG && depth % 8 == 0) {
            eights(depth, rows, a, b, from, f, to, t);
            return;
        }
        int most = depth / 4 * 4;
        fours(most, rows, a, b, from, f, to, t);
        if (most < depth) rest(depth - most, rows, a + most, STRIDE, 1, b + 2 * BYTES * most, to, t);
    }

    /** to[t..] = from[f..] + A B, for A stored transposed: column k is the 6 numbers of {@code columns} from index a + k * STRIDE on. */
    static void multiplyTransposed(int depth, float[] columns, int a, long b, float[] from, int f, float[] to, int t) {
        int most = depth / 4 * 4;
        foursTransposed(most, columns, a, b, from, f, to, t);
        if (most < depth) rest(depth - most, columns, a + most * STRIDE, 1, STRIDE, b + 2 * BYTES * most, to, t);
    }

    private static void eights(int depth, float[] rows, int a, long b, float[] from, int f, float[] to, int t) {
        FloatVector c00 = FloatVector.fromArray(F, from, f), c01 = FloatVector.fromArray(F, from, f + L);
        FloatVector c10 = FloatVector.fromArray(F, from, f + 2 * L), c11 = FloatVector.fromArray(F, from, f + 3 * L);
        FloatVector c20 = FloatVector.fromArray(F, from, f + 4 * L), c21 = FloatVector.fromArray(F, from, f + 5 * L);
        FloatVector c30 = FloatVector.fromArray(F, from, f + 6 * L), c31 = FloatVector.fromArray(F, from, f + 7 * L);
        FloatVector c40 = FloatVector.fromArray(F, from, f + 8 * L), c41 = FloatVector.fromArray(F, from, f + 9 * L);
        FloatVector c50 = FloatVector.fromArray(F, from, f + 10 * L), c51 = FloatVector.fromArray(F, from, f + 11 * L);
        for (int k = 0; k < depth; k += 8) {
            int i = a + k;
            long at = (b & ADDRESS) + 2 * BYTES * k;
            FloatVector b0 = FloatVector.fromMemorySegment(F, MEMORY, at, LE), b1 = FloatVector.fromMemorySegment(F, MEMORY, at + BYTES, LE);
            FloatVector x = FloatVector.broadcast(F, rows[i]); c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + STRIDE]); c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 2 * STRIDE]); c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 3 * STRIDE]); c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 4 * STRIDE]); c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 5 * STRIDE]); c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); if (FENCED) loadLoadFence();
            b0 = FloatVector.fromMemorySegment(F, MEMORY, at + 2 * BYTES, LE); b1 = FloatVector.fromMemorySegment(F, MEMORY, at + 3 * BYTES, LE);
            x = FloatVector.broadcast(F, rows[i + 1]); c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + STRIDE + 1]); c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 2 * STRIDE + 1]); c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 3 * STRIDE + 1]); c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 4 * STRIDE + 1]); c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 5 * STRIDE + 1]); c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); if (FENCED) loadLoadFence();
            b0 = FloatVector.fromMemorySegment(F, MEMORY, at + 4 * BYTES, LE); b1 = FloatVector.fromMemorySegment(F, MEMORY, at + 5 * BYTES, LE);
            x = FloatVector.broadcast(F, rows[i + 2]); c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + STRIDE + 2]); c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 2 * STRIDE + 2]); c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 3 * STRIDE + 2]); c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 4 * STRIDE + 2]); c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 5 * STRIDE + 2]); c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); if (FENCED) loadLoadFence();
            b0 = FloatVector.fromMemorySegment(F, MEMORY, at + 6 * BYTES, LE); b1 = FloatVector.fromMemorySegment(F, MEMORY, at + 7 * BYTES, LE);
            x = FloatVector.broadcast(F, rows[i + 3]); c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + STRIDE + 3]); c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 2 * STRIDE + 3]); c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 3 * STRIDE + 3]); c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 4 * STRIDE + 3]); c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 5 * STRIDE + 3]); c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); if (FENCED) loadLoadFence();
            b0 = FloatVector.fromMemorySegment(F, MEMORY, at + 8 * BYTES, LE); b1 = FloatVector.fromMemorySegment(F, MEMORY, at + 9 * BYTES, LE);
            x = FloatVector.broadcast(F, rows[i + 4]); c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + STRIDE + 4]); c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 2 * STRIDE + 4]); c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 3 * STRIDE + 4]); c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 4 * STRIDE + 4]); c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 5 * STRIDE + 4]); c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); if (FENCED) loadLoadFence();
            b0 = FloatVector.fromMemorySegment(F, MEMORY, at + 10 * BYTES, LE); b1 = FloatVector.fromMemorySegment(F, MEMORY, at + 11 * BYTES, LE);
            x = FloatVector.broadcast(F, rows[i + 5]); c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + STRIDE + 5]); c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 2 * STRIDE + 5]); c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 3 * STRIDE + 5]); c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 4 * STRIDE + 5]); c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 5 * STRIDE + 5]); c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); if (FENCED) loadLoadFence();
            b0 = FloatVector.fromMemorySegment(F, MEMORY, at + 12 * BYTES, LE); b1 = FloatVector.fromMemorySegment(F, MEMORY, at + 13 * BYTES, LE);
            x = FloatVector.broadcast(F, rows[i + 6]); c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + STRIDE + 6]); c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 2 * STRIDE + 6]); c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 3 * STRIDE + 6]); c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 4 * STRIDE + 6]); c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 5 * STRIDE + 6]); c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); if (FENCED) loadLoadFence();
            b0 = FloatVector.fromMemorySegment(F, MEMORY, at + 14 * BYTES, LE); b1 = FloatVector.fromMemorySegment(F, MEMORY, at + 15 * BYTES, LE);
            x = FloatVector.broadcast(F, rows[i + 7]); c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + STRIDE + 7]); c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 2 * STRIDE + 7]); c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 3 * STRIDE + 7]); c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 4 * STRIDE + 7]); c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 5 * STRIDE + 7]); c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); if (FENCED) loadLoadFence();
        }
        c00.intoArray(to, t); c01.intoArray(to, t + L);
        c10.intoArray(to, t + 2 * L); c11.intoArray(to, t + 3 * L);
        c20.intoArray(to, t + 4 * L); c21.intoArray(to, t + 5 * L);
        c30.intoArray(to, t + 6 * L); c31.intoArray(to, t + 7 * L);
        c40.intoArray(to, t + 8 * L); c41.intoArray(to, t + 9 * L);
        c50.intoArray(to, t + 10 * L); c51.intoArray(to, t + 11 * L);
    }

    private static void fours(int depth, float[] rows, int a, long b, float[] from, int f, float[] to, int t) {
        FloatVector c00 = FloatVector.fromArray(F, from, f), c01 = FloatVector.fromArray(F, from, f + L);
        FloatVector c10 = FloatVector.fromArray(F, from, f + 2 * L), c11 = FloatVector.fromArray(F, from, f + 3 * L);
        FloatVector c20 = FloatVector.fromArray(F, from, f + 4 * L), c21 = FloatVector.fromArray(F, from, f + 5 * L);
        FloatVector c30 = FloatVector.fromArray(F, from, f + 6 * L), c31 = FloatVector.fromArray(F, from, f + 7 * L);
        FloatVector c40 = FloatVector.fromArray(F, from, f + 8 * L), c41 = FloatVector.fromArray(F, from, f + 9 * L);
        FloatVector c50 = FloatVector.fromArray(F, from, f + 10 * L), c51 = FloatVector.fromArray(F, from, f + 11 * L);
        for (int k = 0; k < depth; k += 4) {
            int i = a + k;
            long at = (b & ADDRESS) + 2 * BYTES * k;
            FloatVector b0 = FloatVector.fromMemorySegment(F, MEMORY, at, LE), b1 = FloatVector.fromMemorySegment(F, MEMORY, at + BYTES, LE);
            FloatVector x = FloatVector.broadcast(F, rows[i]); c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + STRIDE]); c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 2 * STRIDE]); c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 3 * STRIDE]); c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 4 * STRIDE]); c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 5 * STRIDE]); c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); if (FENCED) loadLoadFence();
            b0 = FloatVector.fromMemorySegment(F, MEMORY, at + 2 * BYTES, LE); b1 = FloatVector.fromMemorySegment(F, MEMORY, at + 3 * BYTES, LE);
            x = FloatVector.broadcast(F, rows[i + 1]); c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + STRIDE + 1]); c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 2 * STRIDE + 1]); c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 3 * STRIDE + 1]); c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 4 * STRIDE + 1]); c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 5 * STRIDE + 1]); c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); if (FENCED) loadLoadFence();
            b0 = FloatVector.fromMemorySegment(F, MEMORY, at + 4 * BYTES, LE); b1 = FloatVector.fromMemorySegment(F, MEMORY, at + 5 * BYTES, LE);
            x = FloatVector.broadcast(F, rows[i + 2]); c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + STRIDE + 2]); c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 2 * STRIDE + 2]); c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 3 * STRIDE + 2]); c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 4 * STRIDE + 2]); c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 5 * STRIDE + 2]); c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); if (FENCED) loadLoadFence();
            b0 = FloatVector.fromMemorySegment(F, MEMORY, at + 6 * BYTES, LE); b1 = FloatVector.fromMemorySegment(F, MEMORY, at + 7 * BYTES, LE);
            x = FloatVector.broadcast(F, rows[i + 3]); c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + STRIDE + 3]); c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 2 * STRIDE + 3]); c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 3 * STRIDE + 3]); c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 4 * STRIDE + 3]); c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, rows[i + 5 * STRIDE + 3]); c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); if (FENCED) loadLoadFence();
        }
        c00.intoArray(to, t); c01.intoArray(to, t + L);
        c10.intoArray(to, t + 2 * L); c11.intoArray(to, t + 3 * L);
        c20.intoArray(to, t + 4 * L); c21.intoArray(to, t + 5 * L);
        c30.intoArray(to, t + 6 * L); c31.intoArray(to, t + 7 * L);
        c40.intoArray(to, t + 8 * L); c41.intoArray(to, t + 9 * L);
        c50.intoArray(to, t + 10 * L); c51.intoArray(to, t + 11 * L);
    }

    private static void foursTransposed(int depth, float[] columns, int a, long b, float[] from, int f, float[] to, int t) {
        FloatVector c00 = FloatVector.fromArray(F, from, f), c01 = FloatVector.fromArray(F, from, f + L);
        FloatVector c10 = FloatVector.fromArray(F, from, f + 2 * L), c11 = FloatVector.fromArray(F, from, f + 3 * L);
        FloatVector c20 = FloatVector.fromArray(F, from, f + 4 * L), c21 = FloatVector.fromArray(F, from, f + 5 * L);
        FloatVector c30 = FloatVector.fromArray(F, from, f + 6 * L), c31 = FloatVector.fromArray(F, from, f + 7 * L);
        FloatVector c40 = FloatVector.fromArray(F, from, f + 8 * L), c41 = FloatVector.fromArray(F, from, f + 9 * L);
        FloatVector c50 = FloatVector.fromArray(F, from, f + 10 * L), c51 = FloatVector.fromArray(F, from, f + 11 * L);
        for (int k = 0; k < depth; k += 4) {
            int i = a + k * STRIDE;
            long at = (b & ADDRESS) + 2 * BYTES * k;
            FloatVector b0 = FloatVector.fromMemorySegment(F, MEMORY, at, LE), b1 = FloatVector.fromMemorySegment(F, MEMORY, at + BYTES, LE);
            FloatVector x = FloatVector.broadcast(F, columns[i]); c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, columns[i + 1]); c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, columns[i + 2]); c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, columns[i + 3]); c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, columns[i + 4]); c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, columns[i + 5]); c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); if (FENCED) loadLoadFence();
            b0 = FloatVector.fromMemorySegment(F, MEMORY, at + 2 * BYTES, LE); b1 = FloatVector.fromMemorySegment(F, MEMORY, at + 3 * BYTES, LE);
            x = FloatVector.broadcast(F, columns[i + STRIDE]); c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, columns[i + STRIDE + 1]); c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, columns[i + STRIDE + 2]); c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, columns[i + STRIDE + 3]); c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, columns[i + STRIDE + 4]); c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, columns[i + STRIDE + 5]); c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); if (FENCED) loadLoadFence();
            b0 = FloatVector.fromMemorySegment(F, MEMORY, at + 4 * BYTES, LE); b1 = FloatVector.fromMemorySegment(F, MEMORY, at + 5 * BYTES, LE);
            x = FloatVector.broadcast(F, columns[i + 2 * STRIDE]); c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, columns[i + 2 * STRIDE + 1]); c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, columns[i + 2 * STRIDE + 2]); c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, columns[i + 2 * STRIDE + 3]); c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, columns[i + 2 * STRIDE + 4]); c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, columns[i + 2 * STRIDE + 5]); c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); if (FENCED) loadLoadFence();
            b0 = FloatVector.fromMemorySegment(F, MEMORY, at + 6 * BYTES, LE); b1 = FloatVector.fromMemorySegment(F, MEMORY, at + 7 * BYTES, LE);
            x = FloatVector.broadcast(F, columns[i + 3 * STRIDE]); c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, columns[i + 3 * STRIDE + 1]); c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, columns[i + 3 * STRIDE + 2]); c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, columns[i + 3 * STRIDE + 3]); c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, columns[i + 3 * STRIDE + 4]); c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); if (FENCED) loadLoadFence();
            x = FloatVector.broadcast(F, columns[i + 3 * STRIDE + 5]); c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); if (FENCED) loadLoadFence();
        }
        c00.intoArray(to, t); c01.intoArray(to, t + L);
        c10.intoArray(to, t + 2 * L); c11.intoArray(to, t + 3 * L);
        c20.intoArray(to, t + 4 * L); c21.intoArray(to, t + 5 * L);
        c30.intoArray(to, t + 6 * L); c31.intoArray(to, t + 7 * L);
        c40.intoArray(to, t + 8 * L); c41.intoArray(to, t + 9 * L);
        c50.intoArray(to, t + 10 * L); c51.intoArray(to, t + 11 * L);
    }

    /** Adds the last steps, fewer than four. A's rows are {@code row} floats apart, its columns {@code column}. */
    private static void rest(int depth, float[] a, int at, int row, int column, long b, float[] to, int t) {
        for (int i = 0; i < 12; i++, t += L) {
            FloatVector sum = FloatVector.fromArray(F, to, t);
            for (int k = 0; k < depth; k++) {
                sum = FloatVector.broadcast(F, a[at + i / 2 * row + k * column]).fma(Vec.load(b + (2 * k + i % 2) * BYTES), sum);
            }
            sum.intoArray(to, t);
        }
    }
}
