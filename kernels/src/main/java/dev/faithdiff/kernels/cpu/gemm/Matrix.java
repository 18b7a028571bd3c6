package dev.faithdiff.kernels.cpu.gemm;

import dev.faithdiff.tensor.DType;
import java.lang.foreign.MemorySegment;

/**
 * Rows of numbers in native memory: where they start, their type, and how many elements apart two rows lie.
 *
 * <p>The bounds are checked here, once; kernels then work on addresses. Whoever holds the memory keeps it alive meanwhile.
 */
public record Matrix(long address, DType dtype, int rows, int columns, long stride) {

    /** A view of {@code segment} from a byte offset on. */
    public static Matrix of(MemorySegment segment, long offset, DType dtype, int rows, int columns, long stride) {
        long bytes = rows == 0 ? 0 : ((rows - 1) * stride + columns) * dtype.bytes();
        if (!segment.isNative() || stride < 0 || offset < 0 || offset + bytes > segment.byteSize()) {
            throw new IndexOutOfBoundsException(dtype + "[" + rows + ", " + columns + "] with stride " + stride + " at " + offset
                    + " does not lie in native memory of " + segment.byteSize() + " bytes");
        }
        return new Matrix(segment.address() + offset, dtype, rows, columns, stride);
    }

    /** Dense rows. */
    public static Matrix of(MemorySegment segment, long offset, DType dtype, int rows, int columns) {
        return of(segment, offset, dtype, rows, columns, columns);
    }

    /** Address of an element. */
    public long at(int row, int column) { return address + (row * stride + column) * dtype.bytes(); }
}
