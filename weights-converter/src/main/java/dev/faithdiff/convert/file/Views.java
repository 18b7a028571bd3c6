package dev.faithdiff.convert.file;

import dev.faithdiff.model.ModelError;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.util.LinkedHashMap;
import java.util.Map;

/** Tensors under another name, in another shape or order. Nothing is copied: elements are rearranged while they are written. */
public final class Views {
    private static final long LARGEST_TRANSPOSED = 64 << 20;

    private Views() { }

    /** The shapes of tensors by name. */
    public static NamedShapes shapes(Map<String, Source> tensors) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        tensors.forEach((name, t) -> shapes.put(name, t.shape()));
        return new NamedShapes(shapes);
    }

    public static Source renamed(Source t, String name) { return new Renamed(t, name, t.shape()); }

    /** {@code shape} has as many elements as the tensor. */
    public static Source renamed(Source t, String name, Shape shape) { return new Renamed(t, name, shape); }

    /** Rows {@code from} to {@code to} of the first axis. */
    public static Source rows(Source t, String name, int from, int to) { return new Rows(t, name, from, to); }

    /** The transpose of a matrix of at most 64 MB. */
    public static Source transposed(Source t, String name) {
        if (t.shape().rank() != 2 || t.shape().count() * t.dtype().bytes() > LARGEST_TRANSPOSED) {
            throw new ConvertError(ModelError.clean(t.name()) + " " + t.shape() + " is not a matrix of at most 64 MB, so it cannot be transposed");
        }
        return new Transposed(t, name);
    }

    private record Renamed(Source source, String name, Shape shape) implements Source {
        @Override public DType dtype() { return source.dtype(); }

        @Override public void writeTo(WritableByteChannel out) throws IOException { source.writeTo(out); }
    }

    private record Rows(Source source, String name, int from, int to) implements Source {
        @Override public DType dtype() { return source.dtype(); }

        @Override public Shape shape() { return source.shape().with(0, to - from); }

        @Override public void writeTo(WritableByteChannel out) throws IOException {
            long row = source.shape().count(1, source.shape().rank()) * dtype().bytes();
            long[] at = {0};
            source.writeTo(new PassOn(out) {
                @Override public int write(ByteBuffer bytes) throws IOException {
                    int count = bytes.remaining();
                    int begin = Math.clamp(from * row - at[0], 0, count), end = Math.clamp(to * row - at[0], 0, count);
                    ByteBuffer wanted = bytes.slice(bytes.position() + begin, end - begin);
                    while (wanted.hasRemaining()) out.write(wanted);
                    bytes.position(bytes.limit());
                    at[0] += count;
                    return count;
                }
            });
        }
    }

    private record Transposed(Source source, String name) implements Source {
        @Override public DType dtype() { return source.dtype(); }

        @Override public Shape shape() { return Shape.of(source.shape().size(1), source.shape().size(0)); }

        @Override public void writeTo(WritableByteChannel out) throws IOException {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            source.writeTo(Channels.newChannel(all));
            byte[] from = all.toByteArray();
            int rows = source.shape().size(0), columns = source.shape().size(1), size = dtype().bytes();
            ByteBuffer to = ByteBuffer.allocate(from.length);
            for (int c = 0; c < columns; c++) for (int r = 0; r < rows; r++) to.put(from, (r * columns + c) * size, size);
            to.flip();
            while (to.hasRemaining()) out.write(to);
        }
    }

    /** A channel that hands its bytes on to another one. */
    abstract static class PassOn implements WritableByteChannel {
        private final WritableByteChannel out;

        PassOn(WritableByteChannel out) { this.out = out; }

        @Override public boolean isOpen() { return out.isOpen(); }

        @Override public void close() { }
    }
}
