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
        Copy.rows(length / width - 1, 4L * width, address, 0, address + 4L * width, 4L * width);
    }

    /** The work on {@code times} stretches of {@code length} elements, from element {@code from} on; each begins with the row's start. */
    interface Body {
        void run(long from, int length, int times);
    }

    /** Runs {@code count} elements in chunks on all threads. No stretch is longer than what is copied out. */
    void along(long count, Body body) {
        Chunks.run(count, Math.max(length, Chunks.GRAIN / length * length), (from, n) -> {
            int times = n / length, rest = n % length;
            if (times > 0) body.run(from, length, times);
            if (rest > 0) body.run(from + n - rest, rest, 1);
        });
    }
}
