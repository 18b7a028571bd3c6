package dev.faithdiff.kernels.cpu.elementwise;

import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.Pieces;
import dev.faithdiff.kernels.cpu.ToFloat;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/** A row of {@code width} floats that repeats along another operand, written out often enough that loops see whole vectors only. */
record Repeated(int width, int length, long address) {
    private static final int ALIGN = 16, LEAST = 1024;

    /** How many floats are written out: a multiple of the width and of any vector. */
    static long length(long width) {
        long period = width * (ALIGN / Math.min(ALIGN, Long.lowestOneBit(width)));
        return period * Math.max(1, LEAST / period);
    }

    /** Room for a row, in the current scope. */
    static Repeated empty(int width) {
        int length = Math.toIntExact(length(width));
        return new Repeated(width, length, Tensor.empty(Device.CPU, DType.F32, Shape.of(length)).address());
    }

    /** The row of a tensor {@code [width]} of any floating type, in the current scope. */
    static Repeated of(Tensor row) {
        Repeated r = empty((int) row.count());
        r.fill(row.dtype(), row.address());
        return r;
    }

    /** Takes the row that lies there. */
    void fill(DType dtype, long from) {
        ToFloat.row(dtype, from, width, address);
        for (int i = width; i < length; i += width) Copy.bytes(address, address + 4L * i, 4L * width);
    }

    /** Shares {@code count} elements among the threads; no part is longer than what is written out, and each begins with the row. */
    void along(long count, Pieces.Body body) {
        Pieces.run(count, Math.max(length, Pieces.GRAIN / length * length), (from, n) -> {
            for (int i = 0; i < n; i += length) body.run(from + i, Math.min(length, n - i));
        });
    }
}
