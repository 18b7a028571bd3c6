package dev.faithdiff.kernels.cpu.elementwise;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.ToFloat;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/** A row of {@code width} floats that repeats along another operand, copied out until it fills whole vectors. */
record Repeated(int width, int length, long address) {
    private static final int ALIGN = 16, LEAST = 1024;

    /** Number of floats copied out: a multiple of the width and of any vector. */
    static long length(long width) {
        long period = width * (ALIGN / Math.min(ALIGN, Long.lowestOneBit(width)));
        return period * Math.max(1, LEAST / period);
    }

    /** An uninitialized row, in the current scope. */
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

    /** Fills this with the row at an address. */
    void fill(DType dtype, long from) {
        ToFloat.row(dtype, from, width, address);
        for (int i = width; i < length; i += width) Copy.bytes(address, address + 4L * i, 4L * width);
    }

    /** Runs {@code count} elements in chunks on all threads. No chunk is longer than what is copied out, and each begins with the row's start. */
    void along(long count, Chunks.Body body) {
        Chunks.run(count, Math.max(length, Chunks.GRAIN / length * length), (from, n) -> {
            for (int i = 0; i < n; i += length) body.run(from + i, Math.min(length, n - i));
        });
    }
}
