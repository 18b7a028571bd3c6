package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.gemm.Panels.DEPTH;
import static dev.faithdiff.kernels.cpu.gemm.Panels.ROWS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;

/** BF16 in pairs of neighbours along K, as {@link EmittedBf16} multiplies them: half the memory, and two products for one. */
record PairedFactors() implements Factors {
    private static final int HALF = DEPTH / 2; // pairs that fit a row of floats
    private static final ThreadLocal<float[]> WIDE = ThreadLocal.withInitial(() -> new float[ROWS * STRIDE]);

    /** Written when first called. */
    private static final class Code {
        private static final Routine PANEL = panel(VecCode.start());
    }

    @Override public MicroKernel kernel() { return new EmittedBf16(); }

    @Override public boolean isPaired() { return true; }

    @Override public int depth(int numbers) { return (numbers + 1) / 2; }

    @Override public Rows rows(Rows wide, int k) {
        if (wide instanceof Rows.OfMatrix(Matrix m)) return new Bf16Pairs(m);
        return (row, rows, from, depth, to) -> {
            for (int r = 0; r < rows; r += ROWS) {
                for (int at = 0; at < depth; at += HALF) {
                    int first = 2 * (from + at), count = Math.min(2 * Math.min(HALF, depth - at), k - first), some = Math.min(ROWS, rows - r);
                    wide.pack(row + r, some, first, count, WIDE.get());
                    Bf16Pairs.round(WIDE.get(), 0, some, count, to, r * STRIDE + at);
                }
            }
        };
    }

    @Override public void round(float[] rows, int at, int count, int numbers) { Bf16Pairs.round(rows, at, count, numbers, rows, at); }

    /** Each 32 bits hold two rows' numbers; a last row without a neighbour gets zeros. */
    @Override public void roundPanel(long from, int k, long to) {
        Code.PANEL.call(from, to, k / 2, 0, 0);
        if (k % 2 == 0) return;
        for (int i = 0; i < WIDTH; i++) {
            int bits = Float.floatToRawIntBits(RoundedFactors.rounded(Vec.get(from + 4L * ((k - 1) * WIDTH + i))));
            Vec.set(to + 4L * (k / 2 * WIDTH + i), Float.intBitsToFloat(bits >>> 16));
        }
    }

    /** Arguments: rows of floats, the panel, and pairs of rows. Results lie at or behind what was read. */
    static Routine panel(VectorCode c) {
        Gpr from = c.argument(0), to = c.argument(1);
        c.useUp(c.argument(2), () -> {
            for (int i = 0; i < 2; i++) {
                Value low = rounded(c, c.load(from, i * c.bytes())), high = rounded(c, c.load(from, 4 * WIDTH + i * c.bytes()));
                Value lower = c.and(c.ints.shiftRight(low, 16), c.bits(0xffff)), upper = c.and(high, c.bits(0xffff0000));
                c.store(c.or(upper, lower), to, i * c.bytes());
            }
            c.advance(from, 8 * WIDTH);
            c.advance(to, 4 * WIDTH);
        });
        return c.routine("pair_rows");
    }

    /** Rounded in the upper half of each 32 bits; infinity and what is no number stay. Products take subnormal numbers as zero. */
    private static Value rounded(VectorCode c, Value x) {
        Value odd = c.and(c.ints.shiftRight(x, 16), c.bits(1));
        Value near = c.ints.add(c.ints.add(x, odd), c.bits(0x7fff));
        return c.less(c.and(x, c.bits(0x7fffffff)), c.constant(Float.POSITIVE_INFINITY), near, x);
    }
}
