package dev.faithdiff.kernels.cpu.attention;

import static dev.faithdiff.kernels.cpu.Vec.SIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.SUMS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;

/** {@link ScoreRows} as machine code; to the bits of {@link ScoreRowsVector}. */
record ScoreRowsEmitted() implements ScoreRows {
    private static final class Code {
        private static final Routine GREATEST = greatest(VecCode.start()), POWERS = powers(VecCode.start()), SCALE = scale(VecCode.start());
    }

    @Override public void greatest(float[] scores, int rows, int panels, long to) { Code.GREATEST.call(scores, scores, rows, panels, to, 0, 0, 0); }

    @Override public void powers(float[] scores, int rows, int panels, long max, double scale, float[] weights, long sums) {
        float factor = ScoreRows.factorOfTwo(scale), least = -125 / factor;
        Code.POWERS.call(scores, weights, rows, panels, max, sums, Float.floatToRawIntBits(factor), Float.floatToRawIntBits(least));
    }

    @Override public void scale(float[] y, int rows, int panels, long factors) { Code.SCALE.call(y, y, rows, panels, factors, 0, 0, 0); }

    /** Arguments: scores twice, rows, panels, and where the greatest go. */
    static Routine greatest(VectorCode c) {
        Gpr row = c.argument(0), to = c.argument(4);
        Value even = c.variable(c.constant(0)), odd = c.variable(c.constant(0));
        c.repeat(c.argument(2), () -> {
            c.set(even, c.constant(Float.NEGATIVE_INFINITY));
            c.set(odd, c.constant(Float.NEGATIVE_INFINITY));
            panels(c, row, c.argument(3), at -> {
                c.set(even, c.max(c.load(at, 0), even));
                c.set(odd, c.max(c.load(at, c.bytes()), odd));
            });
            c.storeFirst(c.greatest(c.max(odd, even)), to, 0);
            c.advance(row, 4 * WIDTH);
            c.advance(to, 4);
        });
        return c.routine("attention_greatest");
    }

    /** Arguments: scores, weights, rows, panels, maxima, sums, and the bits of the factor and of the least difference. */
    static Routine powers(VectorCode c) {
        Gpr row = c.argument(0), weights = c.argument(1), max = c.argument(4), sums = c.argument(5);
        Value factor = c.spread(c.argument(6)), least = c.spread(c.argument(7));
        Value[] side = new Value[4 * SIDE / c.bytes()];
        for (int i = 0; i < side.length; i++) side[i] = c.variable(c.constant(0));
        c.repeat(c.argument(2), () -> {
            Value most = c.spread(max, 0);
            Gpr to = c.copy(weights);
            for (Value sum : side) c.set(sum, c.constant(0));
            panels(c, row, c.argument(3), at -> {
                for (int i = 0; i < 2; i++) {
                    Value p = VecCode.power(c, c.max(least, c.sub(c.load(at, i * c.bytes()), most)), factor);
                    c.store(p, to, i * c.bytes());
                    c.set(side[i % side.length], c.add(side[i % side.length], p));
                }
                c.advance(to, 4 * WIDTH);
            });
            c.release(to);
            c.storeFirst(c.add(c.spread(sums, 0), c.sum(side)), sums, 0);
            c.advance(row, 4 * WIDTH);
            c.advance(weights, 4 * STRIDE);
            c.advance(max, 4);
            c.advance(sums, 4);
        });
        return c.routine("attention_powers");
    }

    /** Arguments: sums twice, rows, panels, and factors. */
    static Routine scale(VectorCode c) {
        Gpr row = c.argument(0), factors = c.argument(4);
        c.repeat(c.argument(2), () -> {
            Value factor = c.spread(factors, 0);
            panels(c, row, c.argument(3), at -> {
                for (int i = 0; i < 2; i++) c.store(c.mul(c.load(at, i * c.bytes()), factor), at, i * c.bytes());
            });
            c.advance(row, 4 * WIDTH);
            c.advance(factors, 4);
        });
        return c.routine("attention_scale");
    }

    /** The work on the two vectors at an address. */
    private interface Body {
        void write(Gpr at);
    }

    /** A loop over the panels of a row. */
    private static void panels(VectorCode c, Gpr row, Gpr panels, Body body) {
        Gpr at = c.copy(row);
        c.repeat(panels, () -> {
            body.write(at);
            c.advance(at, 4 * SUMS);
        });
        c.release(at);
    }
}
