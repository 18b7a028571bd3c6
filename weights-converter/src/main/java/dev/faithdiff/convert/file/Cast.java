package dev.faithdiff.convert.file;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** A tensor in another element type, converted in chunks while it is written. F8_E4M3 saturates at 448. */
public record Cast(Source source, DType dtype) implements Source {
    private static final int CHUNK = 1 << 14;

    /** {@code t} itself where {@code dtype} is its own. */
    public static Source to(DType dtype, Source t) { return t.dtype() == dtype ? t : new Cast(t, dtype); }

    @Override public String name() { return source.name(); }

    @Override public Shape shape() { return source.shape(); }

    /** @throws ConvertError if a finite value is too large for the type */
    @Override public void writeTo(WritableByteChannel out) throws IOException {
        float[] values = new float[CHUNK];
        ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK * dtype.bytes());
        source.writeTo(new Views.PassOn(out) {
            @Override public int write(ByteBuffer bytes) throws IOException { return convert(bytes, out, values, chunk); }
        });
    }

    private int convert(ByteBuffer bytes, WritableByteChannel out, float[] values, ByteBuffer chunk) throws IOException {
        int from = source.dtype().bytes(), to = dtype.bytes(), count = bytes.remaining() / from;
        if (bytes.remaining() % from != 0) throw new IOException(name() + " is not written in whole elements");
        MemorySegment in = MemorySegment.ofBuffer(bytes), converted = MemorySegment.ofBuffer(chunk.clear());
        for (int at = 0; at < count; at += CHUNK) {
            int n = Math.min(CHUNK, count - at);
            Floats.read(source.dtype(), in, (long) at * from, values, n);
            float largest = Floats.write(dtype, values, n, converted);
            if (largest > limit()) throw new ConvertError(name() + " has the value " + largest + ", too large for " + dtype);
            chunk.clear().limit(n * to);
            while (chunk.hasRemaining()) out.write(chunk);
        }
        bytes.position(bytes.limit());
        return count * from;
    }

    /** The largest magnitude that stays finite in the type; F8 saturates, so it has no limit. */
    private float limit() {
        return switch (dtype) {
            case F16 -> Math.nextDown(65520f);
            case BF16 -> Math.nextDown(0x1.ffp127f);
            default -> Float.MAX_VALUE;
        };
    }
}
