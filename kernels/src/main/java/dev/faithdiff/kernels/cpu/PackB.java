package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Panels.WIDTH;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** Fills one panel of the right operand, widening narrow types on the way. */
final class PackB {
    private static final int CHUNK = 128; // rows of a panel turned at a time: the scratch stays in the first cache

    private static final ThreadLocal<float[]> SCRATCH = ThreadLocal.withInitial(() -> new float[WIDTH * CHUNK]);

    private PackB() {}

    /** Columns panel*WIDTH.. of b, a weight [N, K] or a matrix [K, N], as [K][WIDTH] at {@code to}; missing columns are zero. */
    static void panel(Matrix b, boolean transposed, int panel, long to) {
        int n = transposed ? b.rows() : b.columns();
        int columns = Math.min(WIDTH, n - panel * WIDTH);
        if (transposed) turn(b, panel * WIDTH, columns, to);
        else copy(b, panel * WIDTH, columns, to);
    }

    private static void copy(Matrix b, int column, int columns, long to) {
        float[] row = SCRATCH.get();
        Arrays.fill(row, columns, WIDTH, 0);
        for (int k = 0; k < b.rows(); k++, to += 4L * WIDTH) {
            Vec.widen(b.dtype(), b.at(k, column), columns, row, 0);
            for (int i = 0; i < WIDTH; i += Vec.LANES) store(row, i, to + 4L * i);
        }
    }

    private static void turn(Matrix b, int row, int rows, long to) {
        float[] scratch = SCRATCH.get();
        Arrays.fill(scratch, rows * CHUNK, WIDTH * CHUNK, 0);
        for (int k = 0; k < b.columns(); k += CHUNK) {
            int depth = Math.min(CHUNK, b.columns() - k);
            for (int r = 0; r < rows; r++) Vec.widen(b.dtype(), b.at(row + r, k), depth, scratch, r * CHUNK);
            transpose(scratch, depth, to + 4L * WIDTH * k);
        }
    }

    private static void transpose(float[] rows, int depth, long to) {
        for (int k = 0; k < depth; k++) {
            for (int r = 0; r < WIDTH; r++) Vec.set(to + 4L * (k * WIDTH + r), rows[r * CHUNK + k]);
        }
    }

    private static void store(float[] from, int at, long to) {
        Vec.store(FloatVector.fromArray(Vec.F, from, at), to);
    }
}
