package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

import dev.faithdiff.kernels.cpu.ToFloat;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** Packs one panel of the right operand, [K][WIDTH] at an address. Missing columns are zero. */
public final class PackB {
    /** Columns transposed at a time: long enough for prefetching, short enough for the L2 cache. */
    private static final int CHUNK = 256;

    private static final ThreadLocal<float[]> ROWS = ThreadLocal.withInitial(() -> new float[WIDTH * STRIDE]);

    /** A part of a panel before it is rounded. */
    private static final ThreadLocal<MemorySegment> WIDE = ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(4L * CHUNK * WIDTH, 64));

    private PackB() {}

    /** Packs {@code rows} rows of length k, from {@code row} on, as the columns of a panel. */
    public static void transpose(Rows source, int row, int rows, int k, long to) {
        float[] scratch = ROWS.get();
        Arrays.fill(scratch, rows * STRIDE, WIDTH * STRIDE, 0);
        for (int from = 0; from < k; from += CHUNK) {
            int depth = Math.min(CHUNK, k - from);
            source.pack(row, rows, from, depth, scratch);
            for (int r = 0; r < WIDTH; r += LANES) PanelLoops.FASTEST.transpose(scratch, r * STRIDE, depth, to + 4L * (WIDTH * from + r));
        }
    }

    /** Packs {@code columns} columns of a matrix [K, N], from {@code column} on. */
    public static void copy(Matrix b, int column, int columns, long to) {
        if (b.dtype() == DType.F32 && columns == WIDTH) PanelLoops.FASTEST.copyRows(b.at(0, column), 4 * b.stride(), b.rows(), to);
        else copyWidened(b, column, columns, to);
    }

    /** The same in a form. */
    public static void copy(Factors f, Matrix b, int column, int columns, long to) {
        if (f == Factors.F32) {
            copy(b, column, columns, to);
            return;
        }
        long wide = WIDE.get().address();
        for (int k = 0; k < b.rows(); k += CHUNK) {
            int rows = Math.min(CHUNK, b.rows() - k);
            copy(new Matrix(b.at(k, 0), b.dtype(), rows, b.columns(), b.stride()), column, columns, wide);
            f.roundPanel(wide, rows, to + 4L * WIDTH * f.depth(k));
        }
    }

    /** The same for rows {@link Panels#STRIDE} apart. Columns that are missing from a whole panel are overwritten with zeros in the source. */
    public static void copy(float[] rows, int column, int columns, int depth, long to) {
        for (int k = 0, at = column; k < depth; k++, at += STRIDE, to += 4L * WIDTH) {
            if (columns < WIDTH) Arrays.fill(rows, at + columns, at + WIDTH, 0);
            copyRow(rows, at, to);
        }
    }

    private static void copyWidened(Matrix b, int column, int columns, long to) {
        float[] row = ROWS.get();
        Arrays.fill(row, columns, WIDTH, 0);
        for (int k = 0; k < b.rows(); k++, to += 4L * WIDTH) {
            ToFloat.row(b.dtype(), b.at(k, column), columns, row, 0);
            copyRow(row, 0, to);
        }
    }

    private static void copyRow(float[] row, int at, long to) {
        Vec.store(FloatVector.fromArray(F, row, at), to);
        Vec.store(FloatVector.fromArray(F, row, at + LANES), to + 4L * LANES);
    }
}
