package dev.faithdiff.convert;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** A tensor in another floating-point type, converted in small pieces while it is written. */
record Cast(Source source, DType dtype) implements Source {
    private static final int CHUNK = 1 << 15;

    /** {@code t} as it is where {@code dtype} is null, is its own, or it holds integers. */
    static Source to(DType dtype, Source t) { return dtype == null || t.dtype() == dtype || !t.dtype().isFloating() ? t : new Cast(t, dtype); }

    @Override public String name() { return source.name(); }

    @Override public Shape shape() { return source.shape(); }

    /** @throws ConvertError if a finite value is too large for the type */
    @Override public void writeTo(WritableByteChannel out) throws IOException {
        source.writeTo(new WritableByteChannel() {
            @Override public int write(ByteBuffer bytes) throws IOException { return convert(bytes, out); }

            @Override public boolean isOpen() { return out.isOpen(); }

            @Override public void close() { }
        });
    }

    private int convert(ByteBuffer bytes, WritableByteChannel out) throws IOException {
        int from = source.dtype().bytes(), to = dtype.bytes(), count = bytes.remaining() / from;
        if (bytes.remaining() % from != 0) throw new IOException(name() + " comes in pieces of half an element");
        MemorySegment in = MemorySegment.ofBuffer(bytes);
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK * to);
        MemorySegment converted = MemorySegment.ofBuffer(chunk);
        for (int at = 0; at < count; at += CHUNK) {
            int n = Math.min(CHUNK, count - at);
            for (int i = 0; i < n; i++) {
                float v = source.dtype().get(in, (long) (at + i) * from);
                dtype.set(converted, (long) i * to, v);
                if (Float.isFinite(v) && !Float.isFinite(dtype.get(converted, (long) i * to))) {
                    throw new ConvertError(name() + " has the value " + v + ", too large for " + dtype);
                }
            }
            chunk.clear().limit(n * to);
            while (chunk.hasRemaining()) out.write(chunk);
        }
        bytes.position(bytes.limit());
        return count * from;
    }
}
