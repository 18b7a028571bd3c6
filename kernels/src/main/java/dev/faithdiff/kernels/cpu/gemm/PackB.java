package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

import dev.faithdiff.kernels.cpu.Scratch;
import dev.faithdiff.kernels.cpu.ToFloat;
import dev.faithdiff.kernels.cpu.Transpose;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Packs one panel of the right operand as floats, [K][WIDTH] at an address. Missing columns are zero. */
public final class PackB {
    /** Columns transposed at a time: long enough for prefetching, short enough for the L2 cache. */
    private static final int CHUNK = 256;

    private record Scratch(float[] rows, MemorySegment squares) {}

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(
            () -> new Scratch(new float[WIDTH * STRIDE], Arena.ofAuto().allocate(2 * Transpose.BYTES, 64)));

    private PackB() {}

    /** Packs {@code rows} rows of length k, from {@code row} on, as the columns of a panel. */
    public static void transpose(Rows source, int row, int rows, int k, long to) {
        Scratch scratch = SCRATCH.get();
        Arrays.fill(scratch.rows, rows * STRIDE, WIDTH * STRIDE, 0);
        for (int from = 0; from < k; from += CHUNK) {
            int depth = Math.min(CHUNK, k - from);
            source.pack(row, rows, from, depth, scratch.rows);
            for (int r = 0; r < WIDTH; r += LANES) transpose(scratch, r, depth, to + 4L * (WIDTH * from + r));
        }
    }

    private static void transpose(Scratch scratch, int row, int depth, long to) {
        long square = scratch.squares.address(), transposed = square + Transpose.BYTES;
        long bytes = 4L * WIDTH;
        int k = 0, at = row * STRIDE;
        for (; k <= depth - LANES; k += LANES) Transpose.square(scratch.rows, at + k, STRIDE, square, to + bytes * k, bytes);
        if (k == depth) return;
        Transpose.square(scratch.rows, at + k, STRIDE, square, transposed, 4L * LANES);
        for (; k < depth; k++, transposed += 4L * LANES) Vec.store(Vec.load(transposed), to + bytes * k);
    }

    /** Packs {@code columns} columns of a matrix [K, N], from {@code column} on. */
    public static void copy(Matrix b, int column, int columns, long to) {
        if (b.dtype() == DType.F32 && columns == WIDTH) copyWhole(b, column, to);
        else copyWidened(b, column, columns, to);
    }

    /** The same for rows {@link Panels#STRIDE} apart. Columns that are missing from a whole panel are overwritten with zeros in the source. */
    public static void copy(float[] rows, int column, int columns, int depth, long to) {
        for (int k = 0, at = column; k < depth; k++, at += STRIDE, to += 4L * WIDTH) {
            if (columns < WIDTH) Arrays.fill(rows, at + columns, at + WIDTH, 0);
            Panels.copyRow(rows, at, to);
        }
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
            ToFloat.row(b.dtype(), b.at(k, column), columns, row, 0);
            Panels.copyRow(row, 0, to);
        }
    }
}
