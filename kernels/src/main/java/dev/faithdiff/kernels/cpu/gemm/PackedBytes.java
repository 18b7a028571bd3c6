package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;
import java.lang.foreign.MemorySegment;

/**
 * Bytes in fours, neighbours along K, as {@link EmittedInt8} multiplies them: a quarter of the memory, and four products for one. The instruction
 * takes unsigned bytes with signed ones, so a weight's bytes are 128 more here, and sums too large by 128 times the sum of the other row.
 */
record PackedBytes() implements ByteFactors {
    /** Written when first called. */
    private static final class Code {
        private static final VectorCode FIRST = VecCode.start();
        private static final long ORDER = FIRST.ints.byteOrder().address();
        private static final Routine BYTES = bytes(FIRST), RAISE = raise(VecCode.start()), FLOATS = floats(VecCode.start());
    }

    @Override public MicroKernel kernel(boolean weights) { return new EmittedInt8(weights); }

    @Override public int depth(int numbers) { return Math.ceilDiv(numbers, 4); }

    @Override public Rows rows(ByteRows bytes, boolean weight) {
        Matrix m = bytes.bytes();
        return (row, rows, k, depth, to) -> {
            MemorySegment fours = MemorySegment.ofArray(to);
            int count = Math.min(4 * depth, m.columns() - 4 * k);
            for (int r = 0; r < rows; r++) {
                to[r * STRIDE + depth - 1] = 0;
                MemorySegment.copy(Vec.MEMORY, m.at(row + r, 4 * k), fours, 4L * r * STRIDE, count);
            }
            if (weight) Code.RAISE.call(to, to, depth, rows, 0, 0, 0, 0);
        };
    }

    @Override public void round(float[] row, int count, long to, long scale, long offset) {
        Code.BYTES.call(row, row, count / ByteRows.UNIT, to, scale, offset, Code.ORDER, 0);
    }

    @Override public void scale(float[] sums, int at, int rows, long rowScales, long rowOffsets, long columnScales, long columnOffsets) {
        Code.FLOATS.call(sums, sums, rows, rowScales, rowOffsets, 4L * at, columnScales, columnOffsets);
    }

    /** Arguments: the row, its units, the bytes, scale, offset, and the order of bytes. */
    static Routine bytes(VectorCode c) {
        Gpr row = c.argument(0), units = c.argument(2), to = c.argument(3), at = c.copy(row);
        Value greatest = c.variable(c.bits(0)), total = c.variable(c.bits(0));
        c.repeat(units, () -> { // as whole numbers, so that what is no number is the greatest
            for (int i = 0; i < 4; i++) c.set(greatest, c.ints.max(greatest, c.and(c.load(at, i * c.bytes()), c.bits(0x7fffffff))));
            c.advance(at, 4 * c.bytes());
        });
        Value most = c.ints.greatest(greatest), order = c.load(c.argument(6), 0);
        Value factor = c.less(most, c.constant(LEAST), c.bits(0), c.div(c.constant(127), most));
        c.storeFirst(c.less(most, c.constant(LEAST), c.bits(0), c.div(most, c.constant(127))), c.argument(4), 0);
        c.useUp(units, () -> {
            Value[] whole = new Value[4];
            for (int i = 0; i < 4; i++) {
                whole[i] = c.ints.sub(c.fma(c.load(row, i * c.bytes()), factor, c.constant(ROUND)), c.constant(ROUND));
                c.set(total, c.ints.add(total, whole[i]));
            }
            c.store(c.ints.toBytes(whole, order), to, 0);
            c.advance(row, 4 * c.bytes());
            c.advance(to, c.bytes());
        });
        c.storeFirst(c.ints.shiftLeft(c.ints.sum(total), 7), c.argument(5), 0);
        return c.routine("floats_to_bytes");
    }

    /** Adds 128 to bytes. Arguments: rows, their values of 32 bits, and how many rows. */
    static Routine raise(VectorCode c) {
        Gpr row = c.argument(0), count = c.argument(2);
        c.useUp(c.argument(3), () -> {
            c.each(count, at -> c.store(c.xor(c.load(row, at), c.bits(0x80808080)), row, at));
            c.advance(row, 4 * STRIDE);
        });
        return c.routine("raise_bytes");
    }

    /** Arguments: sums, rows, scales and offsets of rows, the byte offset of the sums, scales and offsets of columns. */
    static Routine floats(VectorCode c) {
        Gpr sums = c.argument(0), scales = c.argument(3), offsets = c.argument(4);
        c.advance(sums, c.argument(5));
        Value[] across = {c.load(c.argument(6), 0), c.load(c.argument(6), c.bytes())};
        Value[] less = {c.load(c.argument(7), 0), c.load(c.argument(7), c.bytes())};
        c.useUp(c.argument(2), () -> {
            Value scale = c.spread(scales, 0), offset = c.spread(offsets, 0);
            for (int i = 0; i < 2; i++) {
                Value whole = c.ints.sub(c.ints.sub(c.load(sums, i * c.bytes()), offset), less[i]);
                c.store(c.mul(c.ints.toFloats(whole), c.mul(scale, across[i])), sums, i * c.bytes());
            }
            c.advance(sums, 4 * WIDTH);
            c.advance(scales, 4);
            c.advance(offsets, 4);
        });
        return c.routine("scale_sums");
    }
}
