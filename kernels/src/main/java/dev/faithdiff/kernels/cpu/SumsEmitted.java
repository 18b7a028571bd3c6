package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.MEMORY;

import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;
import dev.faithdiff.tensor.DType;

/** {@link Sums} as machine code. */
public record SumsEmitted() implements Sums {
    private static final class Code {
        private static final Routine SUM = sum(VecCode.start()), ROWS = rows(VecCode.start());
        private static final Routine FOLD = fold(VecCode.start()), STORE = store(VecCode.start());
    }

    @Override public double vectors(long x, int n) {
        long parts = Tail.place(0);
        Code.SUM.call(x, n / (4 * SIDE), parts, 0, 0);
        double sum = 0;
        for (int i = 0; i < SIDE; i++) sum += MEMORY.get(DType.DOUBLE, parts + 8L * i);
        return sum;
    }

    @Override public void addVectors(long x, long step, int rows, long sums, int n) {
        Code.ROWS.call(x, step, 2 * step, 3 * step, sums, n / STEP, rows / 4, rows % 4);
    }

    @Override public void foldVectors(long sums, int rows, int row, int n) { Code.FOLD.call(sums, sums + 8L * row, 8L * row, n / STEP, rows); }

    @Override public void storeVectors(long sums, double scale, long y, int n) {
        Code.STORE.call(sums, y, n / STEP, Double.doubleToRawLongBits(scale), 0);
    }

    /** Arguments: floats, rounds of four times SIDE, and where the SIDE sums go. */
    static Routine sum(VectorCode c) {
        Gpr x = c.argument(0);
        int parts = 8 * SIDE / c.bytes();
        Value[] sums = new Value[4 * parts];
        for (int i = 0; i < sums.length; i++) sums[i] = c.variable(c.constant(0));
        c.repeat(c.argument(1), () -> {
            for (int i = 0; i < sums.length; i++) c.set(sums[i], c.doubles.add(sums[i], c.doubles.load(x, i * c.bytes() / 2)));
            c.advance(x, 16 * SIDE);
        });
        for (int p = 0; p < parts; p++) {
            Value half = c.doubles.add(sums[p], sums[parts + p]), other = c.doubles.add(sums[2 * parts + p], sums[3 * parts + p]);
            c.store(c.doubles.add(half, other), c.argument(2), p * c.bytes());
        }
        return c.routine("sum");
    }

    /** Arguments: rows, one, two and three times the bytes between them, sums, vectors of a row, fours of rows, and further rows. */
    static Routine rows(VectorCode c) {
        Gpr x = c.argument(0), step = c.argument(1), step2 = c.argument(2), step3 = c.argument(3);
        Gpr sums = c.argument(4), vectors = c.argument(5);
        c.repeat(c.argument(6), () -> {
            row(c, x, sums, vectors, c.bytes() / 2, from -> c.doubles.add(c.doubles.add(c.doubles.load(from, 0), c.doubles.load(from, step)),
                    c.doubles.add(c.doubles.load(from, step2), c.doubles.load(from, step3))));
            c.advance(x, step);
            c.advance(x, step3);
        });
        c.repeat(c.argument(7), () -> {
            row(c, x, sums, vectors, c.bytes() / 2, from -> c.doubles.load(from, 0));
            c.advance(x, step);
        });
        return c.routine("sum_rows");
    }

    private interface Term {
        Value of(Gpr from);
    }

    /** Adds terms to a row of doubles. @param step bytes from the numbers of one vector to those of the next */
    private static void row(VectorCode c, Gpr x, Gpr sums, Gpr vectors, int step, Term term) {
        Gpr from = c.copy(x), to = c.copy(sums);
        c.repeat(vectors, () -> {
            c.store(c.doubles.add(c.load(to, 0), term.of(from)), to, 0);
            c.advance(from, step);
            c.advance(to, c.bytes());
        });
        c.release(to);
        c.release(from);
    }

    /** Arguments: the first row, the second, the bytes of a row, vectors to add, and further rows. */
    static Routine fold(VectorCode c) {
        Gpr from = c.argument(1);
        c.repeat(c.argument(4), () -> {
            row(c, from, c.argument(0), c.argument(3), c.bytes(), at -> c.load(at, 0));
            c.advance(from, c.argument(2));
        });
        return c.routine("sum_fold");
    }

    /** Arguments: doubles, floats, vectors of doubles, and the bits of the factor. */
    static Routine store(VectorCode c) {
        Gpr from = c.argument(0), to = c.argument(1);
        Value scale = c.doubles.spread(c.argument(3));
        c.repeat(c.argument(2), () -> {
            c.doubles.store(c.doubles.mul(c.load(from, 0), scale), to, 0);
            c.advance(from, c.bytes());
            c.advance(to, c.bytes() / 2);
        });
        return c.routine("sum_store");
    }
}
