package dev.faithdiff.kernels.cpu.norm;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;
import java.util.ArrayList;
import java.util.List;

/** {@link GroupRows} as machine code, one routine for each loop. */
record GroupRowsEmitted() implements GroupRows {
    private static final class Code {
        private static final Routine SUM = sums(VecCode.start(), false), MOMENTS = sums(VecCode.start(), true);
        private static final Routine AFFINE = apply(VecCode.start(), false), SILU = apply(VecCode.start(), true);
    }

    @Override public void sum(long x, int rows, int row, int n, long sums) { sums(Code.SUM, x, rows, row, n, sums); }

    @Override public void moments(long x, int rows, int row, int n, long places) { sums(Code.MOMENTS, x, rows, row, n, places); }

    private static void sums(Routine routine, long x, int rows, int row, int n, long places) {
        routine.call(x, 4L * row, 8L * row, 12L * row, places, n / Vec.LANES, rows / 4, rows % 4);
    }

    @Override public void apply(long x, int rows, int row, int n, long factors, boolean silu, long y) {
        (silu ? Code.SILU : Code.AFFINE).call(x, y, 4L * row, 8L * row, factors, n / Vec.LANES, rows / 4, rows % 4);
    }

    /** Arguments: x, one, two and three times the bytes of a row, sums, vectors of a row, fours of rows, and further rows. */
    static Routine sums(VectorCode c, boolean moments) {
        Gpr x = c.argument(0), step3 = c.argument(3);
        c.repeat(c.argument(6), () -> {
            row(c, moments, 4);
            c.advance(x, step3);
        });
        c.repeat(c.argument(7), () -> row(c, moments, 1));
        return c.routine(moments ? "group_moments" : "group_sums");
    }

    /** Adds one row or four; x is then a row further. */
    private static void row(VectorCode c, boolean moments, int rows) {
        Gpr x = c.argument(0), step = c.argument(1), step2 = c.argument(2), places = c.argument(4);
        c.repeat(c.argument(5), () -> {
            List<Value> terms = new ArrayList<>();
            Value estimate = moments ? c.load(places, step) : null;
            for (int r = 0; r < rows; r++) {
                Value v = r == 0 ? c.load(x, 0) : c.load(x, c.argument(r));
                terms.add(moments ? c.sub(v, estimate) : v);
            }
            c.store(c.add(c.load(places, 0), sum(c, terms)), places, 0);
            if (moments) c.store(squares(c, c.load(places, step2), terms), places, step2);
            c.advance(x, c.bytes());
            c.advance(places, c.bytes());
        });
        c.retreat(places, step);
    }

    private static Value sum(VectorCode c, List<Value> v) {
        return v.size() == 1 ? v.get(0) : c.add(c.add(v.get(0), v.get(1)), c.add(v.get(2), v.get(3)));
    }

    private static Value squares(VectorCode c, Value sum, List<Value> v) {
        if (v.size() == 1) return c.fma(v.get(0), v.get(0), sum);
        Value first = c.fma(v.get(0), v.get(0), c.mul(v.get(1), v.get(1))), second = c.fma(v.get(2), v.get(2), c.mul(v.get(3), v.get(3)));
        return c.add(sum, c.add(first, second));
    }

    /** Arguments: x, y, the bytes of one row and of two, factors, vectors of a row, fours of rows, and further rows. */
    static Routine apply(VectorCode c, boolean silu) {
        Gpr x = c.argument(0), y = c.argument(1), step3 = c.copy(c.argument(2));
        c.advance(step3, c.argument(3));
        c.repeat(c.argument(6), () -> {
            apply(c, silu, null, c.argument(2), c.argument(3), step3);
            c.advance(x, step3);
            c.advance(y, step3);
        });
        c.repeat(c.argument(7), () -> apply(c, silu, (Gpr) null));
        return c.routine(silu ? "group_silu" : "group_affine");
    }

    /** Applies the factors to rows at the given byte offsets, the first of which is none; x and y are then a row further. */
    private static void apply(VectorCode c, boolean silu, Gpr... rows) {
        Gpr x = c.argument(0), y = c.argument(1), factors = c.argument(4);
        c.repeat(c.argument(5), () -> {
            Value center = c.load(factors, 0), factor = c.load(factors, c.argument(2)), shift = c.load(factors, c.argument(3));
            for (Gpr r : rows) {
                Value v = c.fma(c.sub(r == null ? c.load(x, 0) : c.load(x, r), center), factor, shift);
                Value result = silu ? VecCode.silu(c, v) : v;
                if (r == null) c.store(result, y, 0);
                else c.store(result, y, r);
            }
            for (Gpr g : List.of(x, y, factors)) c.advance(g, c.bytes());
        });
        c.retreat(factors, c.argument(2));
    }
}
