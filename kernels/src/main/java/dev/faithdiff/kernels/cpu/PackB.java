package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Panels.WIDTH;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** Fills one panel of the right operand, widening narrow types on the way. */
final class PackB {
    private static final int CHUNK = 256; // columns of a weight turned at a time: long enough runs to be prefetched, short enough for the second cache

    private record Scratch(float[] rows, MemorySegment squares) {}

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(
            () -> new Scratch(new float[WIDTH * CHUNK], Arena.ofAuto().allocate(2 * Transpose.BYTES, 64)));

    private PackB() {}

    /** Columns panel*WIDTH.. of b, a weight [N, K] or a matrix [K, N], as [K][WIDTH] at {@code to}; missing columns are zero. */
    static void panel(Matrix b, boolean transposed, int panel, long to) {
        int n = transposed ? b.rows() : b.columns();
        int columns = Math.min(WIDTH, n - panel * WIDTH);
        if (transposed) turn(b, panel * WIDTH, columns, to);
        else copy(b, panel * WIDTH, columns, to);
    }

    private static void copy(Matrix b, int column, int columns, long to) {
        if (b.dtype() == DType.F32 && columns == WIDTH) copyWhole(b, column, to);
        else copyWidened(b, column, columns, to);
    }

    private static void copyWhole(Matrix b, int column, long to) {
        for (int k = 0; k < b.rows(); k++, to += 4L * WIDTH) {
            long from = b.at(k, column);
            for (int i = 0; i < WIDTH; i += LANES) Vec.store(Vec.load(from + 4L * i), to + 4L * i);
        }
    }

    private static void copyWidened(Matrix b, int column, int columns, long to) {
        float[] row = SCRATCH.get().rows;
        Arrays.fill(row, columns, WIDTH, 0);
        for (int k = 0; k < b.rows(); k++, to += 4L * WIDTH) {
            Vec.widen(b.dtype(), b.at(k, column), columns, row, 0);
            for (int i = 0; i < WIDTH; i += LANES) Vec.store(FloatVector.fromArray(Vec.F, row, i), to + 4L * i);
        }
    }

    private static void turn(Matrix b, int row, int rows, long to) {
        Scratch scratch = SCRATCH.get();
        Arrays.fill(scratch.rows, rows * CHUNK, WIDTH * CHUNK, 0);
        for (int k = 0; k < b.columns(); k += CHUNK) {
            int depth = Math.min(CHUNK, b.columns() - k);
            for (int r = 0; r < rows; r++) Vec.widen(b.dtype(), b.at(row + r, k), depth, scratch.rows, r * CHUNK);
            for (int r = 0; r < WIDTH; r += LANES) turn(scratch, r, depth, to + 4L * (WIDTH * k + r));
        }
    }

    private static void turn(Scratch scratch, int row, int depth, long to) {
        long square = scratch.squares.address(), turned = square + Transpose.BYTES;
        int k = 0, at = row * CHUNK;
        for (; k <= depth - LANES; k += LANES) Transpose.square(scratch.rows, at + k, CHUNK, square, to + 4L * WIDTH * k, 4L * WIDTH);
        if (k == depth) return;
        Transpose.square(scratch.rows, at + k, CHUNK, square, turned, 4L * LANES);
        for (; k < depth; k++, turned += 4L * LANES) Vec.store(Vec.load(turned), to + 4L * WIDTH * k);
    }
}
