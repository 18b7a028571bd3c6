package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.SIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

import dev.faithdiff.kernels.cpu.ToFloat;
import dev.faithdiff.kernels.cpu.Transpose;
import dev.faithdiff.kernels.cpu.Vec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** The loops on the Vector API, for every processor. */
record PanelVector() implements PanelLoops {
    private static final ThreadLocal<MemorySegment> SQUARES = ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(2 * Transpose.BYTES, 64));

    @Override public void widen(Matrix m, int row, int rows, int k, int depth, float[] to) {
        for (int r = 0; r < rows; r++) ToFloat.row(m.dtype(), m.at(row + r, k), depth, to, r * STRIDE);
    }

    @Override public void copy(long list, int runs, float[] to) {
        for (int i = 0; i < 3 * runs; i += 3) {
            copy(Vec.number(list, i), (int) Vec.number(list, i + 2), to, (int) (Vec.number(list, i + 1) / 4));
        }
    }

    /** Whole vectors, of which the last may overlap the one before. */
    private static void copy(long from, int length, float[] to, int at) {
        int i = 0;
        for (; i <= length - LANES; i += LANES) Vec.load(from + 4L * i).intoArray(to, at + i);
        if (i == length) return;
        if (length > LANES) Vec.load(from + 4L * (length - LANES)).intoArray(to, at + length - LANES);
        else for (; i < length; i++) to[at + i] = Vec.get(from + 4L * i);
    }

    @Override public void transpose(float[] rows, int at, int depth, long to) {
        long square = SQUARES.get().address(), transposed = square + Transpose.BYTES;
        long bytes = 4L * WIDTH;
        int k = 0;
        for (; k <= depth - LANES; k += LANES) Transpose.square(rows, at + k, STRIDE, square, to + bytes * k, bytes);
        if (k == depth) return;
        Transpose.square(rows, at + k, STRIDE, square, transposed, 4L * LANES);
        for (; k < depth; k++, transposed += 4L * LANES) Vec.store(Vec.load(transposed), to + bytes * k);
    }

    @Override public void copyRows(long from, long step, int rows, long to) {
        for (int k = 0; k < rows; k++, from += step, to += 4L * WIDTH) {
            for (int i = 0; i < WIDTH; i += LANES) Vec.store(Vec.load(from + 4L * i), to + 4L * i);
        }
    }

    @Override public void dots(float[] rows, int count, float[] others, int columns, int depth, long sums) {
        for (int r = 0; r < count; r++) {
            for (int o = 0; o < columns; o += 4, sums += 16L * SIDE) {
                for (int i = 0; i < SIDE; i += LANES) four(depth, rows, r * STRIDE + i, others, o * STRIDE + i, sums + 4L * i);
            }
        }
    }

    /** Adds every {@link Vec#SIDE}th product of one row with four others to four vectors of partial sums. */
    private static void four(int depth, float[] a, int at, float[] w, int first, long to) {
        FloatVector c0 = Vec.load(to), c1 = Vec.load(to + 4L * SIDE), c2 = Vec.load(to + 8L * SIDE), c3 = Vec.load(to + 12L * SIDE);
        for (int k = 0; k < depth; k += SIDE) {
            FloatVector x = FloatVector.fromArray(F, a, at + k);
            c0 = x.fma(FloatVector.fromArray(F, w, first + k), c0);
            c1 = x.fma(FloatVector.fromArray(F, w, first + k + STRIDE), c1);
            c2 = x.fma(FloatVector.fromArray(F, w, first + k + 2 * STRIDE), c2);
            c3 = x.fma(FloatVector.fromArray(F, w, first + k + 3 * STRIDE), c3);
        }
        Vec.store(c0, to);
        Vec.store(c1, to + 4L * SIDE);
        Vec.store(c2, to + 8L * SIDE);
        Vec.store(c3, to + 12L * SIDE);
    }

    @Override public void store(float[] sums, int at, int rows, int columns, float[] bias, int biasAt, boolean add, long c, long stride) {
        if (bias != null) addBias(sums, at, rows, bias, biasAt);
        for (int r = 0; r < rows; r++, at += WIDTH, c += 4 * stride) {
            if (columns == WIDTH) storeRow(sums, at, add, c);
            else storeNarrow(sums, at, columns, add, c);
        }
    }

    private static void addBias(float[] sums, int at, int rows, float[] bias, int biasAt) {
        for (int i = 0; i < rows * WIDTH; i += LANES) {
            FloatVector.fromArray(F, sums, at + i).add(FloatVector.fromArray(F, bias, biasAt + i % WIDTH)).intoArray(sums, at + i);
        }
    }

    private static void storeRow(float[] sums, int at, boolean add, long c) {
        if (add) addRow(sums, at, c);
        else copyRow(sums, at, c);
    }

    private static void copyRow(float[] row, int at, long to) {
        Vec.store(FloatVector.fromArray(F, row, at), to);
        Vec.store(FloatVector.fromArray(F, row, at + LANES), to + 4L * LANES);
    }

    private static void addRow(float[] row, int at, long to) {
        Vec.store(FloatVector.fromArray(F, row, at).add(Vec.load(to)), to);
        Vec.store(FloatVector.fromArray(F, row, at + LANES).add(Vec.load(to + 4L * LANES)), to + 4L * LANES);
    }

    private static void storeNarrow(float[] sums, int at, int columns, boolean add, long c) {
        for (int i = 0; i < columns; i++) {
            float v = sums[at + i];
            Vec.set(c + 4L * i, add ? v + Vec.get(c + 4L * i) : v);
        }
    }

    @Override public void storeTransposed(float[] sums, int at, int rows, int columns, float[] bias, int biasAt, boolean add, long c, long stride) {
        if (bias != null) addBiasToRows(sums, at, rows, bias, biasAt);
        long square = SQUARES.get().address(), transposed = square + Transpose.BYTES;
        for (int i = 0; i < columns; i += LANES) {
            for (int r = 0; r < rows; r += LANES) {
                int from = at + r * WIDTH + i;
                long to = c + 4 * (i * stride + r);
                if (!add && i + LANES <= columns && r + LANES <= rows) {
                    Transpose.square(sums, from, WIDTH, square, to, 4 * stride);
                } else {
                    Transpose.square(sums, from, WIDTH, square, transposed, 4L * LANES);
                    storeSquare(transposed, Math.min(LANES, columns - i), Math.min(LANES, rows - r), add, to, stride);
                }
            }
        }
    }

    private static void addBiasToRows(float[] sums, int at, int rows, float[] bias, int biasAt) {
        for (int i = 0; i < rows * WIDTH; i += LANES) {
            FloatVector.fromArray(F, sums, at + i).add(bias[biasAt + i / WIDTH]).intoArray(sums, at + i);
        }
    }

    /** Stores a corner of a square. */
    static void storeSquare(long square, int rows, int columns, boolean add, long c, long stride) {
        for (int r = 0; r < rows; r++, square += 4L * LANES, c += 4 * stride) {
            if (columns == LANES && add) {
                Vec.store(Vec.load(square).add(Vec.load(c)), c);
            } else if (columns == LANES) {
                Vec.store(Vec.load(square), c);
            } else {
                for (long i = 0; i < 4L * columns; i += 4) Vec.set(c + i, add ? Vec.get(square + i) + Vec.get(c + i) : Vec.get(square + i));
            }
        }
    }
}
