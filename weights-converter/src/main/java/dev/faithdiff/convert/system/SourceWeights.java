package dev.faithdiff.convert.system;

import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.Layout;
import dev.faithdiff.nn.WeightSource;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.LinkedHashMap;
import java.util.Map;

/** The tensors of a published file of any format as weights, read when they are asked for. */
record SourceWeights(String name, Map<String, Source> tensors) implements WeightSource {
    @Override public Map<String, Held> held() {
        Map<String, Held> held = new LinkedHashMap<>();
        tensors.forEach((key, t) -> held.put(key, new Held(t.shape(), t.dtype())));
        return held;
    }

    @Override public Tensor get(String key, Init init, Shape shape) {
        Source t = tensors.get(key);
        Tensor whole = Tensor.empty(Device.CPU, t.dtype(), t.shape());
        try {
            t.writeTo(new Into(whole.segment()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Layout.toLayer(whole);
    }

    /** Fills memory from its start. */
    private static final class Into implements WritableByteChannel {
        private final MemorySegment memory;
        private long end;

        Into(MemorySegment memory) { this.memory = memory; }

        @Override public int write(ByteBuffer bytes) {
            int n = bytes.remaining();
            MemorySegment.copy(MemorySegment.ofBuffer(bytes), 0, memory, end, n);
            end += n;
            bytes.position(bytes.limit());
            return n;
        }

        @Override public boolean isOpen() { return true; }

        @Override public void close() { }
    }
}
