package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.SIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

import dev.faithdiff.kernels.cpu.Transpose;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;
import dev.faithdiff.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The loops as machine code, to the bits of {@link PanelVector}. */
record PanelEmitted() implements PanelLoops {
    private static final int BYTES = 4 * LANES;
    private static final float[] NONE = {};
    private static final PanelVector OTHERS = new PanelVector(); // of what is too rare to be written
    private static final ThreadLocal<MemorySegment> SQUARE = ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(Transpose.BYTES, 64));

    /** Written when first called. */
    private static final class Code {
        private static final Routine F32 = widen(DType.F32), F16 = widen(DType.F16), BF16 = widen(DType.BF16);
        private static final Routine COPY = copy(VecCode.start()), COPY_ROWS = copyRows(VecCode.start()), DOTS = dots(VecCode.start());
        private static final Routine TO_PANEL = transpose("to_panel", 4 * STRIDE, BYTES, 4 * WIDTH * LANES);
        private static final Routine FROM_SUMS = transpose("from_sums", 4 * WIDTH, 4 * WIDTH * LANES, BYTES);
        private static final Routine ADD_TO_ROWS = addToRows(VecCode.start());
        private static final Routine STORE = store(false, false), STORE_BIAS = store(true, false);
        private static final Routine ADD = store(false, true), ADD_BIAS = store(true, true);

        /** Null: not written. */
        static Routine widens(DType dtype) {
            return switch (dtype) {
                case F32 -> F32;
                case F16 -> F16;
                case BF16 -> BF16;
                default -> null;
            };
        }
    }

    @Override public void widen(Matrix m, int row, int rows, int k, int depth, float[] to) {
        Routine routine = Code.widens(m.dtype());
        if (routine == null) {
            OTHERS.widen(m, row, rows, k, depth, to);
            return;
        }
        int whole = m.dtype() == DType.F32 ? depth : depth / LANES * LANES;
        routine.call(to, NONE, m.at(row, k), m.stride() * m.dtype().bytes(), rows, whole, 0, 0);
        if (whole == depth) return;
        for (int r = 0; r < rows; r++) {
            for (int i = whole; i < depth; i++) to[r * STRIDE + i] = m.dtype().get(Vec.MEMORY, m.at(row + r, k + i));
        }
    }

    private static Routine widen(DType dtype) {
        VectorCode c = VecCode.start();
        Gpr to = c.argument(0), from = c.argument(2), step = c.argument(3), rows = c.argument(4), depth = c.argument(5);
        c.useUp(rows, () -> {
            if (dtype == DType.F32) c.each(depth, at -> c.store(c.load(from, at), to, at));
            else widenWhole(c, dtype, from, depth, to);
            c.advance(from, step);
            c.advance(to, 4 * STRIDE);
        });
        return c.routine("widen_" + dtype);
    }

    private static void widenWhole(VectorCode c, DType dtype, Gpr from, Gpr depth, Gpr to) {
        Gpr narrow = c.copy(from);
        c.eachWhole(depth, at -> {
            c.store(dtype == DType.F16 ? c.loadF16(narrow, 0) : c.loadBf16(narrow, 0), to, at);
            c.advance(narrow, BYTES / 2);
        });
        c.release(narrow);
    }

    @Override public void copy(long list, int runs, float[] to) { Code.COPY.call(to, NONE, list, runs, 0, 0, 0, 0); }

    private static Routine copy(VectorCode c) {
        Gpr to = c.argument(0), list = c.argument(2), runs = c.argument(3), into = c.argument(4), from = c.argument(5), count = c.argument(6);
        c.useUp(runs, () -> {
            c.set(into, list, 8);
            c.advance(into, to);
            c.set(from, list, 0);
            c.set(count, list, 16);
            c.each(count, at -> c.store(c.load(from, at), into, at));
            c.advance(list, 24);
        });
        return c.routine("copy_runs");
    }

    @Override public void transpose(float[] rows, int at, int depth, long to) {
        int squares = depth / LANES, rest = depth % LANES;
        if (squares > 0) Code.TO_PANEL.call(rows, NONE, 4L * at, to, 4 * WIDTH, squares, 0, 0);
        if (rest == 0) return;
        long square = SQUARE.get().address();
        Code.TO_PANEL.call(rows, NONE, 4L * (at + squares * LANES), square, BYTES, 1, 0, 0);
        Code.COPY_ROWS.call(square, BYTES, rest, to + 4L * WIDTH * squares * LANES, 4L * WIDTH, LANES, 0, 0);
    }

    /** Squares, {@code next} bytes from one to the next, to squares {@code nextTo} bytes apart; their rows are {@code row} bytes apart. */
    private static Routine transpose(String name, int row, int next, int nextTo) {
        VectorCode c = VecCode.start();
        Gpr from = c.argument(0), offset = c.argument(2), to = c.argument(3), step = c.argument(4), squares = c.argument(5);
        c.advance(from, offset);
        c.useUp(squares, () -> {
            Value[] rows = new Value[LANES];
            for (int r = 0; r < LANES; r++) rows[r] = c.load(from, r * row);
            Gpr into = c.copy(to);
            for (Value column : c.shuffles.transposed(rows)) {
                c.store(column, into, 0);
                c.advance(into, step);
            }
            c.release(into);
            c.advance(from, next);
            c.advance(to, nextTo);
        });
        return c.routine("transpose_" + name);
    }

    @Override public void copyRows(long from, long step, int rows, long to) { Code.COPY_ROWS.call(from, step, rows, to, 4L * WIDTH, WIDTH, 0, 0); }

    private static Routine copyRows(VectorCode c) {
        Gpr from = c.argument(0), step = c.argument(1), rows = c.argument(2), to = c.argument(3), toStep = c.argument(4), count = c.argument(5);
        c.useUp(rows, () -> {
            c.eachWhole(count, at -> c.store(c.load(from, at), to, at));
            c.advance(from, step);
            c.advance(to, toStep);
        });
        return c.routine("copy_rows");
    }

    @Override public void dots(float[] rows, int count, float[] others, int columns, int depth, long sums) {
        Code.DOTS.call(rows, others, count, columns / 4, depth / SIDE, sums, 0, 0);
    }

    private static Routine dots(VectorCode c) {
        Gpr rows = c.argument(0), others = c.argument(1), count = c.argument(2), groups = c.argument(3), times = c.argument(4), sums = c.argument(5);
        int parts = SIDE / LANES;
        c.useUp(count, () -> {
            Gpr four = c.copy(others);
            c.repeat(groups, () -> {
                Value[] sum = new Value[4 * parts];
                for (int i = 0; i < sum.length; i++) sum[i] = c.variable(c.load(sums, i * BYTES));
                Gpr x = c.copy(rows);
                Gpr[] row = {c.copy(four), c.argument(6), c.argument(7)};
                c.set(row[1], four);
                c.advance(row[1], 4 * STRIDE);
                c.set(row[2], four);
                c.advance(row[2], 8 * STRIDE);
                c.repeat(times, () -> {
                    for (int p = 0; p < parts; p++) {
                        Value number = c.load(x, p * BYTES);
                        for (int i = 0; i < 4; i++) {
                            Value other = c.load(row[Math.min(i, 2)], p * BYTES + (i == 3 ? 4 * STRIDE : 0));
                            c.set(sum[i * parts + p], c.fma(number, other, sum[i * parts + p]));
                        }
                    }
                    c.advance(x, 4 * SIDE);
                    for (Gpr r : row) c.advance(r, 4 * SIDE);
                });
                c.release(x);
                c.release(row[0]);
                for (int i = 0; i < sum.length; i++) c.store(sum[i], sums, i * BYTES);
                c.advance(sums, 16 * SIDE);
                c.advance(four, 16 * STRIDE);
            });
            c.release(four);
            c.advance(rows, 4 * STRIDE);
        });
        return c.routine("dots");
    }

    @Override public void store(float[] sums, int at, int rows, int columns, float[] bias, int biasAt, boolean add, long c, long stride) {
        Routine routine = bias == null ? add ? Code.ADD : Code.STORE : add ? Code.ADD_BIAS : Code.STORE_BIAS;
        routine.call(sums, bias == null ? NONE : bias, 4L * at, 4L * biasAt, rows, columns, c, 4 * stride);
    }

    private static Routine store(boolean bias, boolean add) {
        VectorCode c = VecCode.start();
        Gpr sums = c.argument(0), biases = c.argument(1), at = c.argument(2), biasAt = c.argument(3), rows = c.argument(4), columns = c.argument(5);
        Gpr to = c.argument(6), step = c.argument(7);
        c.advance(sums, at);
        c.advance(biases, biasAt);
        c.useUp(rows, () -> {
            c.each(columns, i -> {
                Value v = c.load(sums, i);
                if (bias) v = c.add(v, c.load(biases, i));
                c.store(add ? c.add(v, c.load(to, i)) : v, to, i);
            });
            c.advance(sums, 4 * WIDTH);
            c.advance(to, step);
        });
        return c.routine("store" + (bias ? "_bias" : "") + (add ? "_add" : ""));
    }

    @Override public void storeTransposed(float[] sums, int at, int rows, int columns, float[] bias, int biasAt, boolean add, long c, long stride) {
        if (bias != null) Code.ADD_TO_ROWS.call(sums, bias, 4L * at, 4L * biasAt, rows, 0, 0, 0);
        int whole = add ? 0 : rows / LANES;
        for (int i = 0; i < columns; i += LANES) {
            long to = c + 4 * i * stride;
            int squares = i + LANES <= columns ? whole : 0;
            if (squares > 0) Code.FROM_SUMS.call(sums, NONE, 4L * (at + i), to, 4 * stride, squares, 0, 0);
            for (int r = squares * LANES; r < rows; r += LANES) {
                long square = SQUARE.get().address();
                Code.FROM_SUMS.call(sums, NONE, 4L * (at + r * WIDTH + i), square, BYTES, 1, 0, 0);
                PanelVector.storeSquare(square, Math.min(LANES, columns - i), Math.min(LANES, rows - r), add, to + 4L * r, stride);
            }
        }
    }

    /** Adds a bias for each row to the sums of a block. */
    private static Routine addToRows(VectorCode c) {
        Gpr sums = c.argument(0), biases = c.argument(1), at = c.argument(2), biasAt = c.argument(3), rows = c.argument(4);
        c.advance(sums, at);
        c.advance(biases, biasAt);
        c.useUp(rows, () -> {
            Value bias = c.spread(biases, 0);
            for (int i = 0; i < WIDTH / LANES; i++) c.store(c.add(c.load(sums, i * BYTES), bias), sums, i * BYTES);
            c.advance(sums, 4 * WIDTH);
            c.advance(biases, 4);
        });
        return c.routine("bias_to_rows");
    }
}
