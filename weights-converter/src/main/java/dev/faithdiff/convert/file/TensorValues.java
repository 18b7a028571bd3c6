package dev.faithdiff.convert.file;

import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** Reads a tensor's elements in chunks: to count those that are not finite, or to compare two tensors. */
public final class TensorValues {
    private static final int CHUNK = 1 << 14;

    /** Takes {@code n} values that begin at element {@code at}. */
    private interface Piece { void take(long at, float[] values, int n); }

    /** How two tensors of one shape differ. NaN equals NaN and is infinitely far from every number. */
    public record Difference(double largest, double mean, long differing) { }

    private TensorValues() { }

    public static long notFinite(Source t) throws IOException {
        long[] count = {0};
        if (t.dtype().isFloating()) forEach(t, (at, values, n) -> count[0] += Floats.notFinite(values, n));
        return count[0];
    }

    /** Compares two tensors of one shape. Meanwhile the elements of {@code a} are held outside the heap. */
    public static Difference difference(Source a, Source b) throws IOException {
        double[] sums = {0, 0, 0};
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment whole = arena.allocate(Math.max(1, a.shape().count() * a.dtype().bytes()));
            long[] end = {0};
            a.writeTo(new Sink() {
                @Override public int write(ByteBuffer bytes) {
                    int n = bytes.remaining();
                    MemorySegment.copy(MemorySegment.ofBuffer(bytes), 0, whole, end[0], n);
                    end[0] += n;
                    bytes.position(bytes.limit());
                    return n;
                }
            });
            float[] mine = new float[CHUNK];
            forEach(b, (at, theirs, n) -> {
                Floats.read(a.dtype(), whole, at * a.dtype().bytes(), mine, n);
                for (int i = 0; i < n; i++) {
                    if (mine[i] == theirs[i] || mine[i] != mine[i] && theirs[i] != theirs[i]) continue;
                    double d = Math.abs((double) mine[i] - theirs[i]);
                    if (d != d) d = Double.POSITIVE_INFINITY;
                    sums[0] = Math.max(sums[0], d);
                    sums[1] += d;
                    sums[2]++;
                }
            });
        }
        return new Difference(sums[0], sums[1] / Math.max(1, a.shape().count()), (long) sums[2]);
    }

    private static void forEach(Source t, Piece piece) throws IOException {
        int size = t.dtype().bytes();
        float[] values = new float[CHUNK];
        long[] done = {0};
        t.writeTo(new Sink() {
            @Override public int write(ByteBuffer bytes) throws IOException {
                int count = bytes.remaining() / size;
                if (bytes.remaining() % size != 0) throw new IOException(t.name() + " is not written in whole elements");
                MemorySegment in = MemorySegment.ofBuffer(bytes);
                for (int at = 0; at < count; at += CHUNK) {
                    int n = Math.min(CHUNK, count - at);
                    Floats.read(t.dtype(), in, (long) at * size, values, n);
                    piece.take(done[0], values, n);
                    done[0] += n;
                }
                bytes.position(bytes.limit());
                return count * size;
            }
        });
    }

    private abstract static class Sink implements WritableByteChannel {
        @Override public boolean isOpen() { return true; }

        @Override public void close() { }
    }
}
