package dev.faithdiff.kernels.cpu.gemm;

import dev.faithdiff.tensor.DType;
import java.lang.foreign.MemorySegment;

/**
 * A matrix in native memory: address, element type, sizes, and the stride between rows in elements.
 *
 * <p>The bounds are checked once, in {@code of}; kernels then work on addresses. The owner of the memory keeps it alive meanwhile.
 */
public record Matrix(long address, DType dtype, int rows, int columns, long stride) {

    /** A view of {@code segment} from a byte offset on. @throws IndexOutOfBoundsException if the segment is too small or not native */
    public static Matrix of(MemorySegment segment, long offset, DType dtype, int rows, int columns, long stride) {
        long bytes = rows == 0 ? 0 : ((rows - 1) * stride + columns) * dtype.bytes();
        if (!segment.isNative() || stride < 0 || offset < 0 || offset + bytes > segment.byteSize()) {
            throw new IndexOutOfBoundsException(dtype + "[" + rows + ", " + columns + "] with stride " + stride + " at " + offset
                    + " does not lie in native memory of " + segment.byteSize() + " bytes");
        }
        return new Matrix(segment.address() + offset, dtype, rows, columns, stride);
    }

    /** The same with dense rows. */
    public static Matrix of(MemorySegment segment, long offset, DType dtype, int rows, int columns) {
        return of(segment, offset, dtype, rows, columns, columns);
    }

    /** Address of an element. */
    public long at(int row, int column) { return address + (row * stride + column) * dtype.bytes(); }
}
