package dev.faithdiff.convert.file;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Hand-made pickles for tests: opcodes are appended one after another. */
final class PickleBytes {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    static PickleBytes protocol(int version) { return new PickleBytes().op(0x80, version); }

    PickleBytes op(int... bytes) {
        for (int b : bytes) out.write(b);
        return this;
    }

    PickleBytes ascii(String s) {
        out.writeBytes(s.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    PickleBytes int32(int v) {
        out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(v).array());
        return this;
    }

    PickleBytes int64(long v) {
        out.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(v).array());
        return this;
    }

    PickleBytes text(String s) { return op('X').int32(s.length()).ascii(s); }

    PickleBytes repeat(int count, int... bytes) {
        for (int i = 0; i < count; i++) op(bytes);
        return this;
    }

    byte[] bytes() { return out.toByteArray(); }

    /** Ends the pickle and reads it as the content of FaithDiff.bin would be. */
    Object read() {
        op('.');
        Path file = Path.of("FaithDiff.bin");
        return new Pickle(file, MemorySegment.ofArray(bytes()), 0, new TorchGlobals(file)).read();
    }
}
