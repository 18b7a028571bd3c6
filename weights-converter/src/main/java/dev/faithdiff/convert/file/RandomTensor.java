package dev.faithdiff.convert.file;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * A tensor of random values that depend on the seed and its name alone: matrices and convolutions uniform within 1/sqrt(inputs), which
 * keeps activations finite; embeddings within 0.03; scales of norms 1; all biases 0.
 *
 * <p>The generator is SplitMix64 (Steele, Lea and Flood 2014), two values of 24 bits from each word.
 */
public record RandomTensor(String name, DType dtype, Shape shape, long seed, String part) implements Source {
    private static final long GOLDEN = 0x9e3779b97f4a7c15L;
    private static final int CHUNK = 1 << 14;
    private static final float EMBEDDING = 0.03f;

    @Override public void writeTo(WritableByteChannel out) throws IOException {
        boolean constant = shape.rank() < 2;
        float bound = name.contains("embeddings.") ? EMBEDDING : constant ? 0 : (float) (1 / Math.sqrt(shape.count() / (double) shape.size(0)));
        float value = name.endsWith("weight") ? 1 : 0;
        float[] values = new float[CHUNK];
        ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK * dtype.bytes());
        MemorySegment to = MemorySegment.ofBuffer(chunk);
        long state = start();
        for (long left = shape.count(); left > 0; left -= CHUNK) {
            int n = (int) Math.min(CHUNK, left);
            for (int i = 0; i < n; i += 2) {
                state += GOLDEN;
                long word = mix(state);
                values[i] = constant ? value : bound * (((int) word >> 8) * 0x1p-23f);
                values[i + 1] = constant ? value : bound * (((int) (word >>> 32) >> 8) * 0x1p-23f);
            }
            Floats.write(dtype, values, n, to);
            chunk.clear().limit(n * dtype.bytes());
            while (chunk.hasRemaining()) out.write(chunk);
        }
    }

    private long start() {
        CRC32C name = new CRC32C();
        name.update((part + "/" + this.name).getBytes(StandardCharsets.UTF_8));
        return mix(seed * GOLDEN + name.getValue());
    }

    private static long mix(long z) {
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
