package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.FLOAT;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.MEMORY;

import jdk.incubator.vector.FloatVector;

/**
 * The product inside {@link AttentionFlash}: {@code to = from + A^T B} with A a panel {@code [depth][ROWS]} in native memory and B, from
 * and to arrays with rows of {@link #VECTORS} vectors, one query in each lane. Tiles are of eight rows by three vectors where there are 32
 * vector registers, else of six by two: four by three leave none of 16 for the broadcasts and are half as fast.
 *
 * <p>Only A is native: a method with this many loads and stores of native vectors is more than the compiler will inline, and boxes.
 */
final class AttentionTiles {
    private static final boolean MANY_REGISTERS = LANES != 8 || System.getProperty("os.arch").equals("aarch64");

    /** Rows of {@code to} in one tile. */
    static final int ROWS = MANY_REGISTERS ? 8 : 6;
    /** Vectors in a row of B, from and to. */
    static final int VECTORS = MANY_REGISTERS ? 3 : 2;
    /** Floats in a row of B, from and to. */
    static final int WIDTH = VECTORS * LANES;

    private static final int L = LANES;

    private AttentionTiles() {}

    /** One tile of at least the first {@code vectors} vectors; {@code step} is the row length of {@code from}: WIDTH, or 0 for one row for all. */
    static void multiply(int depth, int vectors, long a, float[] b, float[] from, int f, int step, float[] to, int t) {
        if (!MANY_REGISTERS) sixByTwo(depth, a, b, from, f, step, to, t);
        else if (vectors == VECTORS) eightByThree(depth, a, b, from, f, step, to, t);
        else for (int v = 0; v < vectors; v++) eightByOne(depth, a, b, v * L, from, f + v * L, step, to, t + v * L);
    }

    private static void eightByThree(int depth, long a, float[] b, float[] from, int f, int step, float[] to, int t) {
        FloatVector c00 = FloatVector.fromArray(F, from, f),
                c01 = FloatVector.fromArray(F, from, f + L),
                c02 = FloatVector.fromArray(F, from, f + 2 * L);
        FloatVector c10 = FloatVector.fromArray(F, from, f + step),
                c11 = FloatVector.fromArray(F, from, f + step + L),
                c12 = FloatVector.fromArray(F, from, f + step + 2 * L);
        FloatVector c20 = FloatVector.fromArray(F, from, f + 2 * step),
                c21 = FloatVector.fromArray(F, from, f + 2 * step + L),
                c22 = FloatVector.fromArray(F, from, f + 2 * step + 2 * L);
        FloatVector c30 = FloatVector.fromArray(F, from, f + 3 * step),
                c31 = FloatVector.fromArray(F, from, f + 3 * step + L),
                c32 = FloatVector.fromArray(F, from, f + 3 * step + 2 * L);
        FloatVector c40 = FloatVector.fromArray(F, from, f + 4 * step),
                c41 = FloatVector.fromArray(F, from, f + 4 * step + L),
                c42 = FloatVector.fromArray(F, from, f + 4 * step + 2 * L);
        FloatVector c50 = FloatVector.fromArray(F, from, f + 5 * step),
                c51 = FloatVector.fromArray(F, from, f + 5 * step + L),
                c52 = FloatVector.fromArray(F, from, f + 5 * step + 2 * L);
        FloatVector c60 = FloatVector.fromArray(F, from, f + 6 * step),
                c61 = FloatVector.fromArray(F, from, f + 6 * step + L),
                c62 = FloatVector.fromArray(F, from, f + 6 * step + 2 * L);
        FloatVector c70 = FloatVector.fromArray(F, from, f + 7 * step),
                c71 = FloatVector.fromArray(F, from, f + 7 * step + L),
                c72 = FloatVector.fromArray(F, from, f + 7 * step + 2 * L);
        for (int k = 0, i = 0; k < depth; k++, i += WIDTH, a += 4 * ROWS) {
            FloatVector b0 = FloatVector.fromArray(F, b, i), b1 = FloatVector.fromArray(F, b, i + L), b2 = FloatVector.fromArray(F, b, i + 2 * L);
            FloatVector x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a));
            c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); c02 = x.fma(b2, c02);
            x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 4));
            c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); c12 = x.fma(b2, c12);
            x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 8));
            c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); c22 = x.fma(b2, c22);
            x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 12));
            c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); c32 = x.fma(b2, c32);
            x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 16));
            c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); c42 = x.fma(b2, c42);
            x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 20));
            c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); c52 = x.fma(b2, c52);
            x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 24));
            c60 = x.fma(b0, c60); c61 = x.fma(b1, c61); c62 = x.fma(b2, c62);
            x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 28));
            c70 = x.fma(b0, c70); c71 = x.fma(b1, c71); c72 = x.fma(b2, c72);
        }
        c00.intoArray(to, t); c01.intoArray(to, t + L); c02.intoArray(to, t + 2 * L);
        c10.intoArray(to, t + WIDTH); c11.intoArray(to, t + WIDTH + L); c12.intoArray(to, t + WIDTH + 2 * L);
        c20.intoArray(to, t + 2 * WIDTH); c21.intoArray(to, t + 2 * WIDTH + L); c22.intoArray(to, t + 2 * WIDTH + 2 * L);
        c30.intoArray(to, t + 3 * WIDTH); c31.intoArray(to, t + 3 * WIDTH + L); c32.intoArray(to, t + 3 * WIDTH + 2 * L);
        c40.intoArray(to, t + 4 * WIDTH); c41.intoArray(to, t + 4 * WIDTH + L); c42.intoArray(to, t + 4 * WIDTH + 2 * L);
        c50.intoArray(to, t + 5 * WIDTH); c51.intoArray(to, t + 5 * WIDTH + L); c52.intoArray(to, t + 5 * WIDTH + 2 * L);
        c60.intoArray(to, t + 6 * WIDTH); c61.intoArray(to, t + 6 * WIDTH + L); c62.intoArray(to, t + 6 * WIDTH + 2 * L);
        c70.intoArray(to, t + 7 * WIDTH); c71.intoArray(to, t + 7 * WIDTH + L); c72.intoArray(to, t + 7 * WIDTH + 2 * L);
    }

    private static void sixByTwo(int depth, long a, float[] b, float[] from, int f, int step, float[] to, int t) {
        FloatVector c00 = FloatVector.fromArray(F, from, f), c01 = FloatVector.fromArray(F, from, f + L);
        FloatVector c10 = FloatVector.fromArray(F, from, f + step), c11 = FloatVector.fromArray(F, from, f + step + L);
        FloatVector c20 = FloatVector.fromArray(F, from, f + 2 * step), c21 = FloatVector.fromArray(F, from, f + 2 * step + L);
        FloatVector c30 = FloatVector.fromArray(F, from, f + 3 * step), c31 = FloatVector.fromArray(F, from, f + 3 * step + L);
        FloatVector c40 = FloatVector.fromArray(F, from, f + 4 * step), c41 = FloatVector.fromArray(F, from, f + 4 * step + L);
        FloatVector c50 = FloatVector.fromArray(F, from, f + 5 * step), c51 = FloatVector.fromArray(F, from, f + 5 * step + L);
        for (int k = 0, i = 0; k < depth; k++, i += WIDTH, a += 4 * ROWS) {
            FloatVector b0 = FloatVector.fromArray(F, b, i), b1 = FloatVector.fromArray(F, b, i + L);
            FloatVector x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a));
            c00 = x.fma(b0, c00); c01 = x.fma(b1, c01);
            x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 4));
            c10 = x.fma(b0, c10); c11 = x.fma(b1, c11);
            x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 8));
            c20 = x.fma(b0, c20); c21 = x.fma(b1, c21);
            x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 12));
            c30 = x.fma(b0, c30); c31 = x.fma(b1, c31);
            x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 16));
            c40 = x.fma(b0, c40); c41 = x.fma(b1, c41);
            x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 20));
            c50 = x.fma(b0, c50); c51 = x.fma(b1, c51);
        }
        c00.intoArray(to, t); c01.intoArray(to, t + L);
        c10.intoArray(to, t + WIDTH); c11.intoArray(to, t + WIDTH + L);
        c20.intoArray(to, t + 2 * WIDTH); c21.intoArray(to, t + 2 * WIDTH + L);
        c30.intoArray(to, t + 3 * WIDTH); c31.intoArray(to, t + 3 * WIDTH + L);
        c40.intoArray(to, t + 4 * WIDTH); c41.intoArray(to, t + 4 * WIDTH + L);
        c50.intoArray(to, t + 5 * WIDTH); c51.intoArray(to, t + 5 * WIDTH + L);
    }

    private static void eightByOne(int depth, long a, float[] b, int i, float[] from, int f, int step, float[] to, int t) {
        FloatVector c00 = FloatVector.fromArray(F, from, f);
        FloatVector c10 = FloatVector.fromArray(F, from, f + step);
        FloatVector c20 = FloatVector.fromArray(F, from, f + 2 * step);
        FloatVector c30 = FloatVector.fromArray(F, from, f + 3 * step);
        FloatVector c40 = FloatVector.fromArray(F, from, f + 4 * step);
        FloatVector c50 = FloatVector.fromArray(F, from, f + 5 * step);
        FloatVector c60 = FloatVector.fromArray(F, from, f + 6 * step);
        FloatVector c70 = FloatVector.fromArray(F, from, f + 7 * step);
        for (int k = 0; k < depth; k++, i += WIDTH, a += 4 * ROWS) {
            FloatVector b0 = FloatVector.fromArray(F, b, i);
            FloatVector x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 4));
            c10 = x.fma(b0, c10);
            x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 8));
            c20 = x.fma(b0, c20);
            x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 12));
            c30 = x.fma(b0, c30);
            x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 16));
            c40 = x.fma(b0, c40);
            x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 20));
            c50 = x.fma(b0, c50);
            x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 24));
            c60 = x.fma(b0, c60);
            x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 28));
            c70 = x.fma(b0, c70);
        }
        c00.intoArray(to, t);
        c10.intoArray(to, t + WIDTH);
        c20.intoArray(to, t + 2 * WIDTH);
        c30.intoArray(to, t + 3 * WIDTH);
        c40.intoArray(to, t + 4 * WIDTH);
        c50.intoArray(to, t + 5 * WIDTH);
        c60.intoArray(to, t + 6 * WIDTH);
        c70.intoArray(to, t + 7 * WIDTH);
    }
}
