package dev.faithdiff.convert.file;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/**
 * A view into a saved storage, as PyTorch saves tensors: offset and strides count elements.
 * It was checked to lie within its storage when the file was opened.
 */
record TorchTensor(TorchStorage storage, DType dtype, Shape shape, long offset, long[] strides) {
    /** The bytes that one or more tensors share; {@code data} is filled in once the file says where they are. */
    static final class TorchStorage {
        final String key;
        final DType dtype;
        final long count;
        MemorySegment data;

        TorchStorage(String key, DType dtype, long count) {
            this.key = key;
            this.dtype = dtype;
            this.count = count;
        }

        /** Size the pickle claims, in bytes; at most 2^62. */
        long bytes() { return count * dtype.bytes(); }
    }

    /** True where the elements lie in row-major order without gaps. */
    boolean contiguous() {
        if (shape.count() == 0) return true;
        long expected = 1;
        for (int a = shape.rank() - 1; a >= 0; a--) {
            if (shape.size(a) != 1 && strides[a] != expected) return false;
            expected *= shape.size(a);
        }
        return true;
    }

    /** Writes the elements in row-major order, whatever their order in the file. */
    void writeTo(WritableByteChannel out) throws IOException {
        long size = dtype.bytes(), bytes = shape.count() * size;
        if (contiguous()) Source.copy(bytes == 0 ? MemorySegment.NULL : storage.data.asSlice(offset * size, bytes), out);
        else gather(out);
    }

    private void gather(WritableByteChannel out) throws IOException {
        int size = dtype.bytes(), last = shape.rank() - 1;
        ByteBuffer chunk = ByteBuffer.allocate(1 << 16);
        MemorySegment to = MemorySegment.ofBuffer(chunk);
        int[] index = new int[shape.rank()];
        long from = offset;
        for (long left = shape.count(); left > 0; left--) {
            MemorySegment.copy(storage.data, from * size, to, chunk.position(), size);
            chunk.position(chunk.position() + size);
            if (chunk.remaining() < size || left == 1) {
                chunk.flip();
                while (chunk.hasRemaining()) out.write(chunk);
                chunk.clear();
            }
            for (int a = last; a >= 0; a--) {
                from += strides[a];
                if (++index[a] < shape.size(a)) break;
                from -= strides[a] * shape.size(a);
                index[a] = 0;
            }
        }
    }
}
