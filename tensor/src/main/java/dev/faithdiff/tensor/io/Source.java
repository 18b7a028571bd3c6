package dev.faithdiff.tensor.io;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.function.Supplier;

/** One named tensor to be written; its bytes are requested once, when the writer reaches it. */
public interface Source {
    String name();

    DType dtype();

    Shape shape();

    /** Writes exactly {@code shape().count() * dtype().bytes()} bytes, little-endian, row-major. */
    void writeTo(WritableByteChannel out) throws IOException;

    /** A tensor whose bytes {@code data} supplies when the file reaches it. */
    static Source of(String name, DType dtype, Shape shape, Supplier<MemorySegment> data) {
        record Supplied(String name, DType dtype, Shape shape, Supplier<MemorySegment> data) implements Source {
            @Override public void writeTo(WritableByteChannel out) throws IOException { copy(data.get(), out); }
        }
        return new Supplied(name, dtype, shape, data);
    }

    /** A tensor that {@code make} computes in host memory when the file reaches it; what that takes is freed at once. */
    static Source made(String name, DType dtype, Shape shape, Supplier<Tensor> make) {
        record Made(String name, DType dtype, Shape shape, Supplier<Tensor> make) implements Source {
            @Override public void writeTo(WritableByteChannel out) throws IOException {
                try (Scope _ = Scope.open()) {
                    copy(make.get().segment(), out);
                }
            }
        }
        return new Made(name, dtype, shape, make);
    }

    /** Writes a segment of any size; pages of a mapped file are released, so that a large file does not fill the memory. */
    static void copy(MemorySegment data, WritableByteChannel out) throws IOException {
        long chunk = 16 << 20;
        for (long at = 0; at < data.byteSize(); at += chunk) {
            MemorySegment part = data.asSlice(at, Math.min(chunk, data.byteSize() - at));
            ByteBuffer bytes = part.asByteBuffer();
            while (bytes.hasRemaining()) out.write(bytes);
            if (part.isMapped()) part.unload();
        }
    }
}
